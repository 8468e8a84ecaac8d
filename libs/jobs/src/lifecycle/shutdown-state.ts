import { Injectable } from '@nestjs/common';

/**
 * Whether a shutdown has begun. Set before anything is stopped, so that readiness goes down first.
 * @internal
 */
@Injectable()
export class ShutdownState {
  hasBegun = false;
}
