import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';

/** How long a statement waits for another process that writes. */
const BUSY_MS = 2_000;

/**
 * The shop's own database, for what is too much or too short-lived for a file of JSON. It is closed
 * when its module is destroyed: running jobs are drained before that, so no handler finds it
 * closed.
 */
@Injectable()
export class ShopDatabase implements OnModuleDestroy {
  readonly connection: DatabaseSync;

  constructor({ dataFolder }: ShopSettings) {
    mkdirSync(dataFolder, { recursive: true });
    this.connection = new DatabaseSync(join(dataFolder, 'shop.sqlite'), { timeout: BUSY_MS });
    this.connection.exec('PRAGMA journal_mode = WAL');
  }

  onModuleDestroy(): void {
    this.connection.close();
  }
}
