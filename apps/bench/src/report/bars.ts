import type { Row } from '../row.js';

/** What the project promises of one row. */
interface Bar {
  readonly engine: string;
  readonly scenario: string;
  /** The concurrency that it is promised for; any, if absent. */
  readonly concurrency?: number;
  readonly promise: string;
  readonly value: (row: Row) => number;
  readonly isMet: (value: number) => boolean;
}

const ratioOf = (row: Row) => row.ratio;

const BARS: readonly Bar[] = [
  {
    engine: 'redis',
    scenario: 'process',
    concurrency: 32,
    promise: 'ratio at least 0.95',
    value: ratioOf,
    isMet: (ratio) => ratio >= 0.95,
  },
  {
    engine: 'redis',
    scenario: 'enqueue',
    promise: 'ratio at least 0.95',
    value: ratioOf,
    isMet: (ratio) => ratio >= 0.95,
  },
  {
    engine: 'redis',
    scenario: 'latency',
    promise: 'p50 at most 0.3 ms above',
    value: (row) => row.p50DifferenceMs ?? Number.NaN,
    isMet: (ms) => ms <= 0.3,
  },
  {
    engine: 'postgres',
    scenario: 'enqueue-concurrent',
    concurrency: 32,
    promise: 'ratio at least 3 with 32 callers',
    value: ratioOf,
    isMet: (ratio) => ratio >= 3,
  },
  {
    engine: 'postgres',
    scenario: 'enqueue-concurrent',
    concurrency: 128,
    promise: 'ratio at least 8 with 128 callers',
    value: ratioOf,
    isMet: (ratio) => ratio >= 8,
  },
  ...['redis', 'postgres'].map((engine) => ({
    engine,
    scenario: 'boot',
    promise: 'less than 300 ms added, beyond the connection',
    value: (row: Row) => (row.p50Ms ?? Number.NaN) - (row.connectionMs ?? 0),
    isMet: (ms: number) => ms < 300,
  })),
];

/** A line for each promise that these rows can show. */
export function toVerdicts(rows: readonly Row[]): string[] {
  return rows
    .filter(({ subject }) => subject === 'jobs')
    .flatMap((row) =>
      BARS.filter((bar) => isAbout(bar, row)).map((bar) => {
        const value = bar.value(row);
        const verdict = bar.isMet(value) ? 'met' : 'NOT MET';
        return `${verdict}: ${row.engine} ${row.scenario}: ${bar.promise}; got ${value.toFixed(2)}`;
      }),
    );
}

function isAbout(bar: Bar, row: Row): boolean {
  const { engine, scenario, concurrency = row.concurrency } = bar;
  return engine === row.engine && scenario === row.scenario && concurrency === row.concurrency;
}
