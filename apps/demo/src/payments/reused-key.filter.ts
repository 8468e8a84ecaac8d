import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import type { Response } from 'express';
import { IdempotencyKeyReusedError } from 'nestjs-jobs';

/** Answers 422 when a key came with another request before. */
@Catch(IdempotencyKeyReusedError)
export class ReusedKeyFilter implements ExceptionFilter {
  catch({ message }: IdempotencyKeyReusedError, host: ArgumentsHost): void {
    const statusCode = HttpStatus.UNPROCESSABLE_ENTITY;
    host.switchToHttp().getResponse<Response>().status(statusCode).json({ statusCode, message });
  }
}
