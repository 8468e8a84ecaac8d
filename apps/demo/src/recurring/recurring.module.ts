import { Module } from '@nestjs/common';
import { RecurringController } from './recurring.controller.js';

/** Lets clients see and steer recurring jobs. */
@Module({ controllers: [RecurringController] })
export class RecurringModule {}
