import { resolve } from 'node:path';

/** What can be set from outside; see {@link ShopSettings} for the meaning and the defaults. */
export type ShopSettingsInput = Partial<ShopSettings>;

/** Everything that differs between two runs of the shop. Injectable. */
export class ShopSettings {
  /**
   * Where jobs are stored: `file:…`, `redis://…` or `postgres://…`. Default
   * `file:./data/jobs.sqlite`.
   */
  readonly jobsUrl: string;
  /** Redis: what every key starts with; SQLite: the jobs' part of the file. Default `demo`. */
  readonly prefix: string;
  /** PostgreSQL: the schema that holds the tables. Default `demo`. */
  readonly schema: string;
  /** Folder of everything that the shop writes. Default `./data/demo`. */
  readonly dataFolder: string;
  /** The third-party API that products come from. Default `http://127.0.0.1:3001`. */
  readonly supplierUrl: string;
  /** Where mail goes, `smtp://…`; undefined = it is written as `.eml` files. Default undefined. */
  readonly smtpUrl: string | undefined;
  /**
   * How long after a sign-up the reminder is sent. A real shop would say `3 days`. Default `2s`.
   */
  readonly reminderDelay: string;
  /** Lowest level that is logged. Default `info`. */
  readonly logLevel: string;
  /** The file that logs go to; undefined = standard output. Default undefined. */
  readonly logFile: string | undefined;

  constructor(input: ShopSettingsInput) {
    this.jobsUrl = input.jobsUrl || 'file:./data/jobs.sqlite';
    this.prefix = input.prefix ?? 'demo';
    this.schema = input.schema ?? 'demo';
    this.dataFolder = resolve(input.dataFolder ?? 'data/demo');
    this.supplierUrl = input.supplierUrl ?? 'http://127.0.0.1:3001';
    this.smtpUrl = input.smtpUrl;
    this.reminderDelay = input.reminderDelay ?? '2s';
    this.logLevel = input.logLevel ?? 'info';
    this.logFile = input.logFile;
  }
}
