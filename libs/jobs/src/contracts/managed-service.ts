/** DI token of all {@link ManagedService}s, in groups that start and stop together. @internal */
export const MANAGED_SERVICES = Symbol('nestjs-jobs:managed-services');

/**
 * Something that runs in the background from the end of the application's bootstrap to its shutdown.
 *
 * - `start` is called once, after every other module's bootstrap hook.
 * - `stop` is called before any other module's destroy hook, so all that the service uses still
 *   works. Services are stopped in the reverse of the order they were started in.
 * - Both may be called when they have nothing to do, and neither may throw for that.
 * @internal
 */
export interface ManagedService {
  /** For messages. */
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}
