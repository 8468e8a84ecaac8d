import { type DynamicModule, Module } from '@nestjs/common';
import { JobsModule } from 'nestjs-jobs';
import { LedgerWriter } from '../harness/ledger.js';
import type { AppConfig } from '../harness/protocol.js';
import { Commands } from './commands.js';
import { DatabaseModule } from './database.module.js';
import { Following } from './following.js';
import { Keyed } from './keyed.js';
import { MixedEnd } from './mixed-end.js';
import { MixedLoad } from './mixed-load.js';
import { MixedMeddler } from './mixed-meddler.js';
import { MixedNotes } from './mixed-notes.js';
import { Mixed } from './mixed.js';
import { Producer } from './producer.js';
import { Ticking } from './ticking.js';
import { APP_CONFIG, BatchEnd, Upgrade, Workload } from './workload.js';

/**
 * The application: the module under test, a database of its own, and handlers that keep a ledger.
 */
@Module({})
export class AppModule {
  static of(config: AppConfig): DynamicModule {
    const { connection, prefix, schema, options } = config;
    return {
      module: AppModule,
      imports: [DatabaseModule, JobsModule.forRoot({ ...options, connection, prefix, schema })],
      providers: [
        { provide: APP_CONFIG, useValue: config },
        { provide: LedgerWriter, useFactory: () => new LedgerWriter(config.ledger) },
        Workload,
        BatchEnd,
        Ticking,
        Following,
        ...(config.upgraded ? [Upgrade] : []),
        ...(config.keyed ? [Keyed] : []),
        ...(config.mixed ? [Mixed, MixedLoad, MixedMeddler, MixedEnd, MixedNotes] : []),
        Producer,
        Commands,
      ],
    };
  }
}
