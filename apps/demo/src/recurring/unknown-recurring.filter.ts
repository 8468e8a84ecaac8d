import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Response } from 'express';
import { RecurringJobNotFoundError } from 'nestjs-jobs';

/** Answers 404 when there is no such recurring job. */
@Catch(RecurringJobNotFoundError)
export class UnknownRecurringFilter implements ExceptionFilter {
  catch({ message }: RecurringJobNotFoundError, host: ArgumentsHost): void {
    const statusCode = HttpStatus.NOT_FOUND;
    host.switchToHttp().getResponse<Response>().status(statusCode).json({ statusCode, message });
  }
}
