import { inspect } from 'node:util';

/**
 * A service that applications hold. Of what is logged or returned from a controller, only its name
 * is seen: its parts lead to the whole container, and to the password of the store.
 * @internal
 */
export abstract class PublicService {
  /** Nothing of it is data. */
  toJSON(): object {
    return {};
  }

  /** For logs: its name alone. */
  [inspect.custom](): string {
    return `${this.constructor.name} {}`;
  }
}
