import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';

/** How far each sync came, so that the next attempt goes on there. */
@Injectable()
export class SyncPositionRepository {
  private readonly positions: JsonCollection<{ id: string; nextPage: number }>;

  constructor(settings: ShopSettings) {
    this.positions = new JsonCollection(join(settings.dataFolder, 'sync-positions.json'));
  }

  /** The page that this sync's job has to fetch next. */
  async nextPage(jobId: string): Promise<number> {
    return (await this.positions.find(jobId))?.nextPage ?? 1;
  }

  /** Notes that all pages before this one are stored. */
  async moveTo(jobId: string, nextPage: number): Promise<void> {
    await this.positions.change((positions) => positions.set(jobId, { id: jobId, nextPage }));
  }
}
