import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { createShop } from '../app.factory.js';
import { ShopSettings } from '../settings/shop-settings.js';
import { startSupplierServer } from '../supplier/supplier.server.js';
import { removeStored } from './store-cleaner.js';

/** The shop that a drive uses. */
export interface DrivenShop {
  readonly url: string;
  readonly dataFolder: string;
  /** Where its logs are, when it is the drive's own. */
  readonly logFile?: string;
  /** Stops it, if it is the drive's own. */
  stop(): Promise<void>;
  /** Removes what its own run left: in the store always, on disk unless it is needed for a look. */
  clean(keepFiles: boolean): Promise<void>;
}

/**
 * Starts a shop of the drive's own in this process: a free port, an empty data folder, and names in
 * the store that no other run uses. So each run begins clean, and two may run at once.
 * @param givenUrl where its jobs are stored; absent = in a file of its data folder
 */
export async function startOwnShop(givenUrl: string | undefined): Promise<DrivenShop> {
  const run = randomBytes(6).toString('hex');
  const dataFolder = join(tmpdir(), `nestjs-jobs-demo-${run}`);
  const logFile = join(dataFolder, 'shop.log');
  const jobsUrl = givenUrl || `file:${join(dataFolder, 'jobs.sqlite')}`;
  const names = { prefix: `demo-drive-${run}`, schema: `demo_drive_${run}` };
  const supplier = await startSupplierServer(0);
  const place = { ...names, jobsUrl, dataFolder, logFile };
  const settings = new ShopSettings({ ...place, supplierUrl: supplier.url });
  const app = await startShop(settings).catch(async (error: unknown) => {
    await supplier.close();
    await rm(dataFolder, { recursive: true, force: true });
    throw error;
  });
  return {
    url: await app.getUrl(),
    dataFolder,
    logFile,
    stop: async () => {
      await app.close();
      await supplier.close();
    },
    clean: async (keepFiles) => {
      await removeStored(jobsUrl, names);
      if (!keepFiles) await rm(dataFolder, { recursive: true });
    },
  };
}

async function startShop(settings: ShopSettings): Promise<INestApplication> {
  const app = await createShop(settings);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** A shop that runs already, on this machine: its files are looked at too. */
export function runningShop(url: string, dataFolder: string): DrivenShop {
  return { url: url.replace(/\/$/, ''), dataFolder, stop: leaveAlone, clean: leaveAlone };
}

async function leaveAlone(): Promise<void> {}
