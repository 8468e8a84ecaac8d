/** DI token of all {@link ManagedService}s, in groups that start and stop together. @internal */
export const MANAGED_SERVICES = Symbol('nestjs-jobs:managed-services');

/**
 * Something that runs in the background from the end of the application's bootstrap to its
 * shutdown.
 *
 * - `start` is called once, after every other module's bootstrap hook.
 * - `stop` is called before any other module's destroy hook, so all that the service uses still
 *   works. Services are stopped in the reverse of the order they were started in.
 * - `leave` is called after `stop`, also after one that did not end in time: it gives up what
 *   others wait for, and stops listening.
 * - `hurry` is called while services are stopped, when somebody does not want to wait for their
 *   work.
 * - All may be called when they have nothing to do, and none may throw for that.
 * - All are bounded by whoever calls them: a store that is gone must hold up neither boot nor exit.
 * @internal
 */
export interface ManagedService {
  /** For messages. */
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  leave?(): Promise<void>;
  hurry?(): void;
  /**
   * Whether its stop waits for work that may take long, and sees to it by itself that this comes to
   * an end.
   */
  readonly boundsItsStop?: boolean;
}
