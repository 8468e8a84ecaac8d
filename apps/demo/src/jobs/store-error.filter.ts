import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Response } from 'express';
import { EnqueueUncertainError, StoreUnavailableError } from 'nestjs-jobs';

/**
 * Answers 503 when a job could not be stored in time: the client may repeat its request, which the
 * ids of jobs make safe. The jobs module itself reconnects; nothing has to be done here.
 */
@Catch(EnqueueUncertainError, StoreUnavailableError)
export class StoreErrorFilter implements ExceptionFilter {
  catch(error: EnqueueUncertainError | StoreUnavailableError, host: ArgumentsHost): void {
    const statusCode = HttpStatus.SERVICE_UNAVAILABLE;
    const response = host.switchToHttp().getResponse<Response>();
    response
      .status(statusCode)
      .set('retry-after', '5')
      .json({ statusCode, message: error.message });
  }
}
