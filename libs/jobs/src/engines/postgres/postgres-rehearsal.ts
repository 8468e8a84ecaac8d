import { EventEmitter } from 'node:events';
import type { PostgresConnection, PostgresQueueBackend } from 'bullmq';

/** What is looked at of BullMQ. @internal */
export interface BullmqOnPostgres {
  readonly LATEST_SCHEMA_VERSION: number;
  readonly PostgresConnection: { readonly prototype: PostgresConnection };
  readonly PostgresQueueBackend: typeof PostgresQueueBackend;
}

/** A command with its parameters, as it would be sent. @internal */
export interface SentCommand {
  readonly command: string;
  readonly params: readonly unknown[];
}

type Row = Readonly<Record<string, unknown>>;

/** Each number is of its own, so that none can be taken for another. */
const OPTIONS = {
  connection: {},
  lockDuration: 11,
  limiter: { max: 12, duration: 13 },
  name: 'worker',
  maxStalledCount: 14,
  stalledInterval: 15,
  metrics: { maxDataPoints: 16 },
};

/** What a server answers that has what was asked for. */
const FOUND: Row = { id: 'id', n: 2, code: 1, cursor: 0, updated: true, idx: 4, count: '5' };

/**
 * BullMQ's backend without a server: the commands that it would send are noted at the same place at
 * which `SafePostgresBackend` takes them.
 * @internal
 */
export class PostgresRehearsal {
  readonly sent: SentCommand[] = [];
  readonly backend: PostgresQueueBackend;
  readonly connection = Object.assign(new EventEmitter(), { schema: 'jobs' });
  /** Rows that are answered to a command. */
  readonly rows = new Map<string, readonly Row[]>();

  constructor({ PostgresQueueBackend: Backend }: BullmqOnPostgres) {
    this.backend = new Backend(this.connection as never, 'queue', OPTIONS);
    this.backend['run'] = async (command: string, params: readonly unknown[] = []) => {
      this.sent.push({ command, params });
      const rows = this.rows.get(command) ?? [FOUND];
      return { rows: rows as never[], rowCount: rows.length };
    };
  }

  /** The parameters of a command that is sent when something is done. */
  async paramsOf(
    command: string,
    act: (backend: PostgresQueueBackend) => unknown,
  ): Promise<readonly unknown[] | undefined> {
    this.sent.length = 0;
    await act(this.backend);
    return this.sent.find((one) => one.command === command)?.params;
  }
}
