import type { Row } from '../row.js';
import type { Backlog } from '../scenarios/index.js';

/** What the project promises of one kind of row. */
interface Bar {
  readonly engine: string;
  readonly scenario: string;
  readonly subject: Row['subject'];
  /** The engine of raw BullMQ that the row is compared with; its own, if absent. */
  readonly baseline?: string;
  /** The concurrency that it is promised for; any, if absent. */
  readonly concurrency?: number;
  readonly promise: string;
  readonly value: (row: Row) => number;
  readonly isMet: (value: number) => boolean;
}

type About = Omit<Bar, 'promise' | 'value' | 'isMet' | 'subject'> & Partial<Pick<Bar, 'subject'>>;

const BARS: readonly Bar[] = [
  atLeast(0.95, { engine: 'redis', scenario: 'process', concurrency: 32 }),
  atLeast(0.95, { engine: 'redis', scenario: 'enqueue' }),
  atLeast(3, { engine: 'postgres', scenario: 'enqueue-concurrent', concurrency: 32 }),
  atLeast(8, { engine: 'postgres', scenario: 'enqueue-concurrent', concurrency: 128 }),
  {
    engine: 'redis',
    scenario: 'latency',
    subject: 'jobs',
    promise: 'p50 at most 0.3 ms above',
    value: (row) => row.p50DifferenceMs ?? Number.NaN,
    isMet: (ms) => ms <= 0.3,
  },
  ...['redis', 'postgres'].map((engine) => ({
    engine,
    scenario: 'boot',
    subject: 'jobs' as const,
    promise: 'less than 300 ms added, beyond the connection',
    value: (row: Row) => (row.p50Ms ?? Number.NaN) - (row.connectionMs ?? 0),
    isMet: (ms: number) => ms < 300,
  })),
  ...['sqlite', 'memory'].flatMap((engine) => [
    embeddedBoot(engine, 'less than 150 ms added, with loading', 150, addedWithLoading),
    embeddedBoot(engine, 'less than 30 MB added', 30, ({ memoryMb = Number.NaN }) => memoryMb),
  ]),
  onRedis(1.5, { engine: 'sqlite', scenario: 'process', concurrency: 32, subject: 'bullmq' }),
  onRedis(1.5, { engine: 'sqlite', scenario: 'process', concurrency: 32 }),
  onRedis(3, { engine: 'memory', scenario: 'process', concurrency: 32, subject: 'bullmq' }),
  onRedis(2, { engine: 'memory', scenario: 'process', concurrency: 32 }),
  onRedis(2, { engine: 'sqlite', scenario: 'enqueue-concurrent', concurrency: 32 }),
  onRedis(2, { engine: 'memory', scenario: 'enqueue-concurrent', concurrency: 32 }),
  ...['sqlite', 'memory'].map((engine) => ({
    engine,
    scenario: 'latency',
    baseline: 'redis',
    subject: 'jobs' as const,
    promise: 'p50 at most 0.5 ms',
    value: (row: Row) => row.p50Ms ?? Number.NaN,
    isMet: (ms: number) => ms <= 0.5,
  })),
];

const BACKLOG_BARS: readonly Bar[] = ['sqlite', 'memory'].flatMap((engine) =>
  (['jobs', 'bullmq'] as const).flatMap((subject) => [
    onBacklog({ engine, subject }, 'at most 1.5 times the cost with 1,000', 1.5, 'costRatio'),
    onBacklog({ engine, subject }, 'getJobCounts below 5 ms', 5, 'countsMs'),
    onBacklog({ engine, subject }, 'opening below 200 ms', 200, 'openMs'),
  ]),
);

/** A line for each promise that these rows can show. */
export function toVerdicts(rows: readonly Row[]): string[] {
  return rows.flatMap((row) =>
    [...BARS, ...BACKLOG_BARS]
      .filter((bar) => isAbout(bar, row))
      .map((bar) => {
        const value = bar.value(row);
        const verdict = bar.isMet(value) ? 'met' : 'NOT MET';
        const { engine, scenario, subject } = row;
        return `${verdict}: ${engine} ${scenario} ${subject}: ${bar.promise}; got ${value.toFixed(2)}`;
      }),
  );
}

function atLeast(ratio: number, about: About): Bar {
  return {
    subject: 'jobs',
    ...about,
    promise: `ratio at least ${ratio} at concurrency ${about.concurrency ?? 'any'}`,
    value: (row) => row.ratio,
    isMet: (value) => value >= ratio,
  };
}

function onRedis(ratio: number, about: About): Bar {
  const bar = atLeast(ratio, { ...about, baseline: 'redis' });
  return { ...bar, promise: `${bar.promise}, to raw BullMQ on Redis` };
}

function embeddedBoot(engine: string, promise: string, below: number, value: Bar['value']): Bar {
  const isMet = (figure: number) => figure < below;
  return { engine, scenario: 'boot', subject: 'jobs', promise, value, isMet };
}

function addedWithLoading({ p50Ms, loadMs }: Row): number {
  return (p50Ms ?? Number.NaN) + (loadMs ?? Number.NaN);
}

function onBacklog(
  about: Pick<Bar, 'engine' | 'subject'>,
  promise: string,
  most: number,
  figure: Exclude<keyof Backlog, 'waiting'>,
): Bar {
  return {
    ...about,
    scenario: 'backlog',
    promise,
    value: (row) => row.backlog?.[figure] ?? Number.NaN,
    isMet: (value) => value <= most,
  };
}

function isAbout(bar: Bar, row: Row): boolean {
  const { engine, scenario, subject, concurrency = row.concurrency } = bar;
  const baseline = bar.baseline ?? (scenario === 'backlog' ? row.baseline : engine);
  return (
    engine === row.engine &&
    scenario === row.scenario &&
    subject === row.subject &&
    concurrency === row.concurrency &&
    baseline === row.baseline
  );
}
