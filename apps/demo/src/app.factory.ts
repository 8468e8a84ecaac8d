import { type INestApplication, StandardSchemaValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Logger } from 'nestjs-pino';
import { AppModule } from './app.module.js';
import type { ShopSettings } from './settings/shop-settings.js';

/**
 * Builds the shop; the caller listens.
 * @throws StoreUnreachableError and the module's other boot errors (listening may throw them too)
 */
export async function createShop(settings: ShopSettings): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.forRoot(settings), {
    // An error is the caller's to print, so what was logged before it is not flushed by Nest.
    abortOnError: false,
    bufferLogs: true,
    autoFlushLogs: false,
  });
  app.useLogger(app.get(Logger));
  app.flushLogs();
  app.useGlobalPipes(new StandardSchemaValidationPipe());
  // On SIGTERM and SIGINT running jobs are finished before the process ends.
  app.enableShutdownHooks();
  return app;
}
