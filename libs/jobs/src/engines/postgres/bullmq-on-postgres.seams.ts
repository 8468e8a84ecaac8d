import { LATEST_SCHEMA_VERSION, PostgresConnection, PostgresQueueBackend } from 'bullmq';
import { assertSeams, differs, otherParameters, type Seam } from '../../seams/index.js';
import { FENCED_COMMANDS, readText } from './postgres-commands.js';
import { HOLDS } from './postgres-race-scripts.js';
import { PostgresRehearsal, type BullmqOnPostgres } from './postgres-rehearsal.js';
import { ENTRIES, NOW, plain, REHEARSED } from './postgres-rehearsed.js';

/**
 * The version of BullMQ's tables that `postgres-scripts.ts` and `postgres-race-scripts.ts` were
 * written for.
 */
const TABLES_VERSION = 11;

/**
 * What our own statements read of each job that is added, and what `add_jobs_bulk` and `add_flow`
 * are given.
 */
const ENTRY_FIELDS = [
  'queue',
  'id',
  'name',
  'data',
  'opts',
  'priority',
  'delay',
  'timestamp',
  'attempts',
  'parentQueue',
  'parentId',
  'parentKey',
  'dedupId',
  'schedulerId',
  'lifo',
  'addToWaitingChildren',
];

/** What is taken for a time of now. */
const MOST_OFF_MS = 60_000;

/**
 * What `SafePostgresBackend` overrides, and how many parameters it has without a default. @internal
 */
export const OVERRIDDEN_ON_POSTGRES = {
  addFlow: 1,
  addJobs: 1,
  close: 0,
  disconnectBlocking: 0,
  forQueue: 2,
  getClientList: 0,
  moveStalledJobsToWait: 0,
  moveToActive: 2,
  moveToCompleted: 5,
  moveToDelayed: 5,
  moveToFailed: 6,
  reconnectBlocking: 0,
  removeDeprecatedPriorityKey: 0,
  retryJob: 4,
  trimEvents: 1,
} as const;

/** What we take of BullMQ on PostgreSQL. */
const POSTGRES_SEAMS: readonly Seam<BullmqOnPostgres>[] = [
  {
    what: 'parameters of commands',
    why:
      "the store's time takes the place of this process's, text that cannot be stored is changed, and a lock that has " +
      'run out is no lock: BullMQ has no hook for any of it, but runs all commands through a private method',
    provedBy: [
      'libs/jobs/src/engines/postgres/postgres-backend.spec.ts',
      'test/contract/jobs/set-clocks.test.ts',
    ],
    differences: async (bullmq) => {
      const rehearsal = new PostgresRehearsal(bullmq);
      const found: (readonly string[])[] = [];
      for (const [command, { act, params, isIdle }] of Object.entries(REHEARSED)) {
        if (isIdle) rehearsal.rows.set('move_to_active', []);
        const sent = await rehearsal.paramsOf(command, act);
        rehearsal.rows.clear();
        const words = sent?.map((param, at) => inWords(param, params[at]));
        found.push(differs(command, params, words));
      }
      return found.flat();
    },
  },
  {
    what: 'text of commands',
    why:
      'a lock that has run out is refused, and what a command looks at is held, by a change of its text: the functions ' +
      "behind it are BullMQ's",
    provedBy: [
      'libs/jobs/src/engines/postgres/postgres-commands.spec.ts',
      'libs/jobs/src/engines/postgres/postgres-races.spec.ts',
    ],
    differences: (bullmq) =>
      Object.entries(REHEARSED).flatMap(([command, { params }]) => {
        const text = readText(command, bullmq.PostgresQueueBackend);
        const [places, tokens] = [placesIn(text), text.match(/\$3(?!\d)/g)?.length];
        return [
          differs(
            command,
            Array.from(params, (_, at) => at + 1),
            places,
          ),
          FENCED_COMMANDS.has(command) ? differs(`tokens in ${command}`, 1, tokens) : [],
          command in HOLDS ? differs(`a call in ${command}`, true, /\(\s*\$1\b/.test(text)) : [],
        ].flat();
      }),
  },
  {
    what: 'columns of answers',
    why: "times in them are brought back to this process's clock, and statements of ours answer in BullMQ's place",
    provedBy: [
      'libs/jobs/src/engines/postgres/postgres-backend.spec.ts',
      'libs/jobs/src/engines/postgres/postgres-races.spec.ts',
    ],
    differences: async (bullmq) => {
      const { backend, rows } = new PostgresRehearsal(bullmq);
      rows.set('move_to_active', [{ id: 'id', processed_at_ms: '7' }]);
      const [claimed] = await backend.moveToActive('token');
      rows.set('move_to_active', []);
      rows.set('next_signal', [{ next_delay: '8' }]);
      const [, , , due] = await backend.moveToActive('token');
      return [
        differs('processed_at_ms', 7, (claimed as { processedOn?: number }).processedOn),
        differs('next_delay', 8, due),
        differs('idx of add_log', 5, await backend.addLog('id', 'row')),
        differs('n of promote_jobs', 2, await backend.promoteJobs(1)),
        differs('n of retry_jobs', 2, await backend.retryFinishedJobs('failed', 1)),
        differs('id of clean', ['id'], await backend.cleanJobsByState('failed', 1)),
      ].flat();
    },
  },
  {
    what: 'fields of a job that is added',
    why: 'bulks and flows are stored by statements of our own, which take a fraction of the time',
    provedBy: [
      'test/contract/backend/operations/adding.test.ts',
      'test/contract/backend/operations/flows.test.ts',
    ],
    differences: (bullmq) => {
      const { backend } = new PostgresRehearsal(bullmq);
      const entry = backend['toBatchEntry']('queue', plain(), 'id', {});
      return differs('names', ENTRY_FIELDS.toSorted(), Object.keys(entry).toSorted());
    },
  },
  {
    what: 'tables',
    why: "statements of our own read and write BullMQ's tables",
    provedBy: [
      'libs/jobs/src/engines/postgres/postgres-races.spec.ts',
      'test/contract/backend/operations/adding.test.ts',
    ],
    differences: (bullmq) => differs('their version', TABLES_VERSION, bullmq.LATEST_SCHEMA_VERSION),
  },
  {
    what: 'members of the connection',
    why: 'all queues of an application share one pool and one LISTEN, which BullMQ must neither open nor close',
    provedBy: ['libs/jobs/src/engines/postgres/postgres-servers.spec.ts'],
    differences: (bullmq) => {
      const { prototype } = bullmq.PostgresConnection;
      const { connection } = new PostgresRehearsal(bullmq);
      const listeners = connection.listenerCount('listenerinvalidated');
      return [
        ...[
          'waitUntilReady',
          'getListenClient',
          'setListenClientName',
          'close',
          'disconnect',
        ].flatMap((name) => differs(name, 'function', typeof valueOf(prototype, name))),
        ...['hasListenClientKeepAlive', 'isClosing'].flatMap((name) =>
          differs(name, 'a getter', valueOf(prototype, name)),
        ),
        ...differs('listeners of "listenerinvalidated"', 1, listeners),
      ];
    },
  },
  {
    what: 'parameters of methods',
    why: '`SafePostgresBackend` overrides them and names each parameter: one that is new would be lost',
    provedBy: ['test/contract/backend/coverage.test.ts'],
    differences: ({ PostgresQueueBackend: { prototype } }) =>
      otherParameters(prototype, OVERRIDDEN_ON_POSTGRES),
  },
];

/**
 * @param changed what a spec puts in the place of BullMQ's
 * @throws LibraryChangedError
 * @internal
 */
export function assertBullmqOnPostgres(changed: Partial<BullmqOnPostgres> = {}): Promise<void> {
  const bullmq = { LATEST_SCHEMA_VERSION, PostgresConnection, PostgresQueueBackend, ...changed };
  return assertSeams('bullmq', bullmq, POSTGRES_SEAMS);
}

/**
 * A parameter, with words for what is never the same where such a one is expected: near 1970, any
 * number could be a time.
 */
function inWords(param: unknown, expected: unknown): unknown {
  if (expected === NOW) return isNow(param) ? NOW : param;
  if (expected !== ENTRIES || typeof param !== 'string' || !param.startsWith('[{')) return param;
  const [first] = JSON.parse(param) as { id?: unknown; timestamp?: unknown }[];
  return first?.id === 'id' && isNow(first.timestamp) ? ENTRIES : param;
}

function isNow(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value - Date.now()) < MOST_OFF_MS;
}

function placesIn(text: string): number[] {
  const places = Array.from(text.matchAll(/\$(\d+)/g), ([, place]) => Number(place));
  return [...new Set(places)].toSorted((a, b) => a - b);
}

function valueOf(prototype: object, name: string): unknown {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  return descriptor?.get === undefined ? (descriptor?.value as unknown) : 'a getter';
}
