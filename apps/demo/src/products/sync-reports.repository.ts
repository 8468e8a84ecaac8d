import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { ShopSettings } from '../settings/shop-settings.js';
import { JsonCollection } from '../storage/json-collection.js';

/** A page as one job has pulled it. Times are Unix milliseconds. */
export interface PulledPage {
  page: number;
  /** Which attempt succeeded. */
  attempt: number;
  from: number;
  to: number;
}

/** How a sync ended. */
export interface SyncReport {
  /** The id of its batch. */
  id: string;
  state: string;
  pulled: PulledPage[];
  /** Why pages were not pulled. */
  errors: string[];
}

/** How each sync ended. */
@Injectable()
export class SyncReportsRepository {
  private readonly reports: JsonCollection<SyncReport>;

  constructor(settings: ShopSettings) {
    this.reports = new JsonCollection(join(settings.dataFolder, 'sync-reports.json'));
  }

  find(batchId: string): Promise<SyncReport | undefined> {
    return this.reports.find(batchId);
  }

  /** In the place of the one of this batch. */
  async save(report: SyncReport): Promise<void> {
    await this.reports.change((reports) => reports.set(report.id, report));
  }
}
