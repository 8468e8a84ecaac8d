import { LATEST_SCHEMA_VERSION, PostgresConnection, PostgresQueueBackend } from 'bullmq';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LibraryChangedError } from '../../errors/index.js';
import { changedCommands } from './postgres-commands.js';
import { HOLDS, REPLACED } from './postgres-race-scripts.js';
import type { BullmqOnPostgres } from './postgres-rehearsal.js';
import { NOW, REHEARSED } from './postgres-rehearsed.js';
import { SafePostgresBackend } from './postgres-backend.js';
import {
  assertBullmqOnPostgres as assert,
  OVERRIDDEN_ON_POSTGRES,
} from './bullmq-on-postgres.seams.js';

type Run = (command: string, params?: unknown[]) => unknown;
type Backend = typeof PostgresQueueBackend;

/** What a changed BullMQ is refused with. */
async function refusal(changed: Partial<BullmqOnPostgres>): Promise<readonly string[]> {
  const error: unknown = await assert(changed).catch((refused: unknown) => refused);
  expect(error).toBeInstanceOf(LibraryChangedError);
  return (error as LibraryChangedError).differences;
}

/** A backend that runs commands with other parameters, in whatever way they are run. */
function running(edit: (command: string, params: unknown[]) => unknown[]): Backend {
  return class extends PostgresQueueBackend {
    constructor(...args: ConstructorParameters<Backend>) {
      super(...args);
      let run: Run = () => undefined;
      Object.defineProperty(this, 'run', {
        get: (): Run => (command, params) => run(command, edit(command, params ?? [])),
        set(given: Run) {
          run = given;
        },
      });
    }
  };
}

/** A backend that has another text for one command. */
function saying(changed: string, edit: (text: string) => string): Backend {
  const run = PostgresQueueBackend.prototype['run'] as Run;
  class Changed extends PostgresQueueBackend {}
  Object.assign(Changed.prototype, {
    run(this: object, command: string, params: unknown[]): unknown {
      const text = run.call(this, command, params) as string;
      return command === changed ? edit(text) : text;
    },
  });
  return Changed;
}

describe('BullMQ on PostgreSQL', () => {
  afterEach(() => void vi.useRealTimers());

  it('is as it is relied on', async () => {
    await expect(assert()).resolves.toBeUndefined();
  });

  it.each([0, 1, 12, 12_000, -5, 1e12])('is so too where the clock says %i', async (now) => {
    vi.useFakeTimers({ toFake: ['Date'], now });
    await expect(assert()).resolves.toBeUndefined();
    const Shifted = running((command, params) =>
      command === 'move_to_active' ? ['new', ...params] : params,
    );
    expect(await refusal({ PostgresQueueBackend: Shifted })).toHaveLength(1);
  });

  it('is tried out with every command that is changed', () => {
    const changed = [...changedCommands().keys(), ...Object.keys({ ...HOLDS, ...REPLACED })];
    expect(Object.keys(REHEARSED).toSorted()).toEqual([...new Set(changed)].toSorted());
  });

  it.each([...changedCommands()])('is tried out with the times of %s', (command, clock) => {
    const { params } = REHEARSED[command]!;
    expect(clock).toEqual(params.flatMap((param, at) => (param === NOW ? [at] : [])));
  });

  it.each(Object.keys(REHEARSED))('is refused when %s has one more parameter', async (changed) => {
    const Changed = running((command, params) =>
      command === changed ? ['new', ...params] : params,
    );
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      expect.stringContaining(`parameters of commands: ${changed} expected`),
    ]);
  });

  it('is refused when commands are run another way', async () => {
    class Changed extends PostgresQueueBackend {
      override async drain(): Promise<void> {}
    }
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      'parameters of commands: drain expected ["queue",true], got nothing',
    ]);
  });

  it.each([
    ['takes one more', 'drain', '$2', '$2, $3', 'drain expected [1,2], got [1,2,3]'],
    ['has its token twice', 'retry_job', '$3', '$3, $3', 'tokens in retry_job expected 1, got 2'],
    ['is no call', 'promote', '($1', '[$1', 'a call in promote expected true, got false'],
  ])('is refused when the text of a command %s', async (_what, command, old, text, words) => {
    const Changed = saying(command, (sql) => sql.replaceAll(old, () => text));
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      `text of commands: ${words}`,
    ]);
  });

  it('is refused when answers have other columns', async () => {
    class Changed extends PostgresQueueBackend {
      override async moveToActive(token: string, name?: string): Promise<unknown[]> {
        const [job, ...rest] = await super.moveToActive(token, name);
        return [job && { ...job, processedOn: undefined }, ...rest];
      }

      override async addLog(...log: [string, string]): Promise<number> {
        return (await super.addLog(...log)) - 1;
      }
    }
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      'columns of answers: processed_at_ms expected 7, got nothing',
      'columns of answers: idx of add_log expected 5, got 4',
    ]);
  });

  it('is refused when a job that is added has a new field', async () => {
    class Changed extends PostgresQueueBackend {}
    const entry = PostgresQueueBackend.prototype['toBatchEntry'] as (...args: unknown[]) => object;
    Object.assign(Changed.prototype, {
      toBatchEntry: (...args: unknown[]) => ({ ...entry(...args), region: 'eu' }),
    });
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      expect.stringMatching(/^fields of a job that is added: names expected .*"region"/),
    ]);
  });

  it('is refused with newer tables', async () => {
    expect(await refusal({ LATEST_SCHEMA_VERSION: LATEST_SCHEMA_VERSION + 1 })).toEqual([
      'tables: their version expected 11, got 12',
    ]);
  });

  it.each(['getListenClient', 'isClosing'])('is refused without a member %s', async (name) => {
    const prototype = Object.create(null, {
      ...Object.getOwnPropertyDescriptors(PostgresConnection.prototype),
      [name]: { value: undefined },
    }) as PostgresConnection;
    expect(await refusal({ PostgresConnection: { prototype } })).toEqual([
      expect.stringContaining(`members of the connection: ${name} expected`),
    ]);
  });

  it('is refused when it does not listen for a connection that was made anew', async () => {
    class Changed extends PostgresQueueBackend {
      constructor(...[connection, ...args]: ConstructorParameters<Backend>) {
        super(connection, ...args);
        connection.removeAllListeners('listenerinvalidated');
      }
    }
    expect(await refusal({ PostgresQueueBackend: Changed })).toEqual([
      'members of the connection: listeners of "listenerinvalidated" expected 1, got 0',
    ]);
  });

  it('is looked at for each method that is overridden', () => {
    const overridden = Object.getOwnPropertyNames(SafePostgresBackend.prototype).filter(
      (name) => name !== 'constructor' && name in PostgresQueueBackend.prototype,
    );
    expect(Object.keys(OVERRIDDEN_ON_POSTGRES)).toEqual(overridden.toSorted());
  });

  it('is refused when a method that is overridden has one more parameter', async () => {
    class Changed extends PostgresQueueBackend {}
    const moveToFailed = (...args: unknown[]): unknown =>
      PostgresQueueBackend.prototype.moveToFailed.apply(Changed.prototype, args as never);
    Object.defineProperty(moveToFailed, 'length', { value: 7 });
    Object.assign(Changed.prototype, { moveToFailed });
    await expect(assert({ PostgresQueueBackend: Changed })).rejects.toThrow(
      'parameters of methods: moveToFailed expected 6, got 7',
    );
  });
});
