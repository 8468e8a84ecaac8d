import { parseArgs } from 'node:util';
import { ENGINES } from './engines/index.js';
import { SCENARIOS, SLOW_ENGINE_ROUNDS } from './scenarios/index.js';

/** What the command line asks for. */
export interface BenchArguments {
  readonly engines: readonly string[];
  readonly scenarios: readonly string[];
  readonly concurrency: number;
  readonly jobs: number;
  /** undefined: each scenario's own number. */
  readonly rounds: number | undefined;
  /** The engine that raw BullMQ runs on; undefined: the same one. */
  readonly baseline: string | undefined;
  readonly json: boolean;
  /** The folder for CPU profiles; undefined: none are taken. */
  readonly profile: string | undefined;
  readonly help: boolean;
}

/** The command line is wrong; the message says how. */
export class ArgumentError extends Error {}

const ENGINE_NAMES = ENGINES.map(({ name }) => name);
const SCENARIO_NAMES = SCENARIOS.map(({ name }) => name);
const DEFAULT_SCENARIOS = SCENARIOS.filter(({ isLong }) => !isLong).map(({ name }) => name);

/**
 * Reads the command line.
 * @throws ArgumentError
 */
export function readArguments(argv: readonly string[]): BenchArguments {
  const { values } = parse(argv);
  const baseline = values.baseline;
  return {
    engines: list('engine', values.engine, ENGINE_NAMES),
    scenarios: list('scenario', values.scenario, SCENARIO_NAMES),
    concurrency: positive('concurrency', values.concurrency),
    jobs: positive('jobs', values.jobs),
    rounds: values.rounds === undefined ? undefined : positive('rounds', values.rounds),
    baseline: baseline === undefined ? undefined : list('baseline', baseline, ENGINE_NAMES)[0],
    json: values.json,
    profile: values.profile,
    help: values.help,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        engine: { type: 'string', default: 'redis' },
        scenario: { type: 'string', default: DEFAULT_SCENARIOS.join(',') },
        concurrency: { type: 'string', default: '32' },
        jobs: { type: 'string', default: '20000' },
        rounds: { type: 'string' },
        baseline: { type: 'string' },
        json: { type: 'boolean', default: false },
        profile: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new ArgumentError((error as Error).message);
  }
}

function list(option: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (!known.includes(name)) {
      throw new ArgumentError(`--${option}: expected ${known.join(', ')}, got "${name}"`);
    }
  }
  return [...new Set(names)];
}

function positive(option: string, text: string): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new ArgumentError(`--${option}: expected a whole number of at least 1, got "${text}"`);
}

/** The text of `--help`. */
export function helpText(): string {
  const scenarios = SCENARIOS.map(
    ({ name, rounds, summary }) => `    ${name.padEnd(19)} ${summary}; ${rounds} rounds`,
  );
  return `npm run bench -- [options]

Measures this module beside raw BullMQ: same store, same settings, taking turns.

  --engine LIST       ${ENGINE_NAMES.join(', ')}; default redis
  --scenario LIST     default all but backlog of:
${scenarios.join('\n')}
  --concurrency N     callers of enqueue-concurrent, jobs at once of process; default 32
  --jobs N            jobs measured a round, after a quarter as many to warm up; default 20000
  --rounds N          rounds that count, after one that does not; default as listed above, but
                      at most ${SLOW_ENGINE_ROUNDS} on ${ENGINES.filter(({ isSlow }) => isSlow)
                        .map(({ name }) => name)
                        .join(', ')}, which takes long
  --baseline ENGINE   run raw BullMQ on this engine; default: the engine of the row
  --json              one object a line on stdout, all else on stderr; default: a table
  --profile FOLDER    write a CPU profile of each subject's last round there (it slows that round)
  --help              this text

Environment: REDIS_URL (redis://127.0.0.1:6379), DATABASE_URL
(postgres://postgres@127.0.0.1:5432/test), BENCH_POOL_SIZE (raw BullMQ's pool on PostgreSQL: 10).`;
}
