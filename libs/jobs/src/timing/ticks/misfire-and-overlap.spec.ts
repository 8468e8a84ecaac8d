import { describe, expect, it } from 'vitest';
import { planTicks, type TickPlan } from './misfire-and-overlap.js';
import { goOn } from './search.js';
import type { TickProgress } from './tick-progress.js';
import type { TickSource } from './tick-series.js';
import type { Timing } from './timing.js';

/** The plan, without a pause. */
function planAtOnce(...input: Parameters<typeof planTicks>) {
  return goOn(planTicks(...input), Infinity)!.found;
}

const SECOND = 1_000;

/** Every 10 seconds from 10 on; all times in these tables are seconds. */
const everyTen: TickSource = {
  next: (after) => Math.max(10_000, (Math.floor(after / 10_000) + 1) * 10_000),
};

const FRESH: TickProgress = { cursor: 0, runs: 0, misfires: 0, skips: 0 };

/**
 * In words: `run 20` (in time), `run 60 for 4` (as of 60, for 4 that were missed), `skip 3`, `miss
 * 3`; `note` when something is to be remembered and no more, `wait` when nothing is to be done.
 */
function words(before: TickProgress, plan: TickPlan | undefined): string {
  if (plan === undefined) return 'wait';
  const { ticks, progress } = plan;
  const inTime = ticks.filter(({ missed }) => missed === undefined);
  const late = ticks.filter(({ missed }) => missed !== undefined);
  const skipped = progress.skips - before.skips;
  const lateCount = late.reduce((sum, { missed = 0 }) => sum + missed, 0);
  const missed = progress.misfires - before.misfires - lateCount;
  const parts = [
    ...(inTime.length > 0 ? [`run ${inTime.map(({ due }) => due / SECOND).join(' ')}`] : []),
    ...late.map((tick) => `run ${tick.due / SECOND} for ${tick.missed}`),
    ...(skipped > 0 ? [`skip ${skipped}`] : []),
    ...(missed > 0 ? [`miss ${missed}`] : []),
  ];
  return parts.length === 0 ? 'note' : parts.join(', ');
}

type Step = readonly [now: number, before: 'finished' | 'running', expected: string];

/** Plans at each step, and takes each plan over, as the leader does. */
function story(timing: Timing, steps: readonly Step[], from = FRESH): TickProgress {
  let progress = from;
  const told = steps.map(([now, before]) => {
    const isFinished = before === 'finished';
    const plan = planAtOnce(timing, everyTen, progress, { isFinished }, now * SECOND);
    const text = words(progress, plan);
    progress = plan?.progress ?? progress;
    return [now, before, text];
  });
  expect(told).toEqual(steps);
  return progress;
}

describe('ticks that are due', () => {
  // 9.999: none is due. 10: the first is. 70: it is as late as it may be. 70.001: it is missed.
  it.each<
    [
      overlap: 'skip' | 'queue' | 'allow',
      misfire: 'fire-once' | 'skip' | 'fire-all',
      before: 'finished' | 'running',
      expected: readonly [at10: string, at70: string, at70_001: string],
    ]
  >([
    ['skip', 'fire-once', 'finished', ['run 10', 'run 10, skip 6', 'run 70 for 7']],
    ['skip', 'fire-once', 'running', ['skip 1', 'skip 7', 'note']],
    ['skip', 'skip', 'finished', ['run 10', 'run 10, skip 6', 'miss 7']],
    ['skip', 'skip', 'running', ['skip 1', 'skip 7', 'miss 7']],
    ['skip', 'fire-all', 'finished', ['run 10', 'run 10, skip 6', 'run 10 for 1']],
    ['skip', 'fire-all', 'running', ['skip 1', 'skip 7', 'note']],
    ['queue', 'fire-once', 'finished', ['run 10', 'run 10', 'run 70 for 7']],
    ['queue', 'fire-once', 'running', ['note', 'note', 'note']],
    ['queue', 'skip', 'finished', ['run 10', 'run 10', 'miss 7']],
    ['queue', 'skip', 'running', ['note', 'note', 'miss 7']],
    ['queue', 'fire-all', 'finished', ['run 10', 'run 10', 'run 10 for 1']],
    ['queue', 'fire-all', 'running', ['note', 'note', 'note']],
    ['allow', 'fire-once', 'running', ['run 10', 'run 10 20 30 40 50 60 70', 'run 70 for 7']],
    ['allow', 'skip', 'running', ['run 10', 'run 10 20 30 40 50 60 70', 'miss 7']],
    [
      'allow',
      'fire-all',
      'running',
      [
        'run 10',
        'run 10 20 30 40 50 60 70',
        [10, 20, 30, 40, 50, 60, 70].map((due) => `run ${due} for 1`).join(', '),
      ],
    ],
  ])('overlap %s, misfire %s, run before %s', (overlap, misfire, before, expected) => {
    const timing = { overlap, misfire };
    expect(story(timing, [[9.999, before, 'wait']])).toBe(FRESH);
    story(timing, [[10, before, expected[0]]]);
    story(timing, [[70, before, expected[1]]]);
    story(timing, [[70.001, before, expected[2]]]);
  });

  it('have the threshold that the timing says', () => {
    const timing = { misfire: 'skip', misfireThresholdMs: 5 * SECOND } as const;
    expect(story(timing, [[15, 'finished', 'run 10']]).misfires).toBe(0);
    expect(story(timing, [[15.001, 'finished', 'miss 1']]).misfires).toBe(1);
  });

  it('are nobody’s business after the limit', () => {
    const timing = { limit: 2 };
    const progress = story(timing, [
      [10, 'finished', 'run 10'],
      [20, 'finished', 'run 20'],
      [30, 'finished', 'wait'],
      [500, 'finished', 'wait'],
    ]);
    expect(progress).toEqual({ cursor: 20_000, runs: 2, misfires: 0, skips: 0 });
  });

  it.each<[Timing, now: number, expected: string]>([
    [{ limit: 3, overlap: 'allow' }, 60, 'run 10 20 30'],
    [{ limit: 1, overlap: 'allow', misfire: 'fire-once' }, 600, 'run 600 for 60'],
    [{ limit: 2, overlap: 'allow', misfire: 'fire-all' }, 600, 'run 10 for 1, run 20 for 1'],
    [
      { limit: 2, overlap: 'allow', misfire: 'fire-all', misfireLimit: 3 },
      600,
      'run 580 for 1, run 590 for 1, miss 57',
    ],
  ])('within the limit: %o at %d', (timing, now, expected) => {
    expect(story(timing, [[now, 'finished', expected]]).runs).toBeLessThanOrEqual(timing.limit!);
  });

  it('that are very many are run in several goes, when they may overlap', () => {
    const timing = { overlap: 'allow', misfire: 'fire-all', misfireLimit: 2_500 } as const;
    let progress = FRESH;
    const goes = [];
    for (;;) {
      const plan = planAtOnce(timing, everyTen, progress, { isFinished: true }, 30_000 * SECOND);
      if (plan === undefined) break;
      goes.push(plan.ticks.length);
      expect(new Set(plan.ticks.map(({ missed }) => missed))).toEqual(new Set([1]));
      progress = plan.progress;
    }
    expect(goes).toEqual([1_000, 1_000, 500]);
    expect(progress).toEqual({ cursor: 30_000_000, runs: 2_500, misfires: 3_000, skips: 0 });
  });
});

describe('overlap "skip"', () => {
  it('passes over ticks as they come while a run goes on', () => {
    const progress = story({}, [
      [10, 'finished', 'run 10'],
      [20, 'running', 'skip 1'],
      [30.5, 'running', 'skip 1'],
      [40, 'finished', 'run 40'],
    ]);
    expect(progress).toEqual({ cursor: 40_000, runs: 2, misfires: 0, skips: 2 });
  });

  it('has a run of hours end without a misfire', () => {
    const steps = Array.from({ length: 50 }, (_, n): Step => [20 + 10 * n, 'running', 'skip 1']);
    const all: Step[] = [[10, 'finished', 'run 10'], ...steps, [520, 'finished', 'run 520']];
    expect(story({}, all)).toEqual({ cursor: 520_000, runs: 2, misfires: 0, skips: 50 });
  });

  it('keeps missed ticks until the run that the outage has interrupted is over', () => {
    // All processes were down from 15 to 100; the run of 10 is repeated until 130.
    const progress = story({ misfire: 'fire-once' }, [
      [10, 'finished', 'run 10'],
      [100, 'running', 'note'],
      [101, 'running', 'wait'],
      [129, 'running', 'wait'],
      [130, 'finished', 'run 100 for 9'],
      // These came due while it waited, and find it running.
      [130.1, 'running', 'skip 3'],
      [140, 'finished', 'run 140'],
    ]);
    expect(progress).toEqual({ cursor: 140_000, runs: 3, misfires: 9, skips: 3 });
  });

  it('runs missed ticks one by one, and passes over what comes due meanwhile', () => {
    const progress = story({ misfire: 'fire-all', misfireLimit: 2 }, [
      [100, 'running', 'miss 8'],
      [101, 'running', 'wait'],
      [102, 'finished', 'run 90 for 1'],
      [103, 'running', 'wait'],
      [125, 'finished', 'run 100 for 1'],
      [126, 'running', 'skip 2'],
      [131, 'finished', 'run 130'],
    ]);
    expect(progress).toEqual({ cursor: 130_000, runs: 3, misfires: 10, skips: 2 });
  });

  it.each<[before: 'finished' | 'running', expected: string]>([
    ['finished', 'run 300 for 17'],
    ['running', 'note'],
  ])(
    'keeps a second outage apart from what waited at its beginning: run %s',
    (before, expected) => {
      const progress = story({ misfire: 'fire-once' }, [
        [10, 'finished', 'run 10'],
        [100, 'running', 'note'],
        [130, 'running', 'note'],
        [131, 'finished', 'run 100 for 9'],
        // 110 to 130 came due while it waited; then nobody was there from 131 to 300.
        [300, before, 'skip 3'],
        [300, before, expected],
      ]);
      expect(progress.skips).toBe(3);
    },
  );

  it('does not run a tick that has waited for longer than the threshold behind missed ones', () => {
    const progress = story({ misfire: 'fire-all', misfireThresholdMs: 20 * SECOND }, [
      [31, 'finished', 'run 10 for 1'],
      [40, 'running', 'wait'],
      [50, 'running', 'note'],
      [60, 'running', 'note'],
      [62, 'finished', 'run 20 for 1'],
      [72, 'running', 'note'],
      [73, 'finished', 'run 30 for 1'],
      // 40 and 50 came due while these ran, and so did 60 and 70: merely late.
      [74, 'finished', 'run 60, skip 3'],
    ]);
    expect(progress).toEqual({ cursor: 70_000, runs: 4, misfires: 3, skips: 3 });
  });
});

describe('overlap "queue"', () => {
  it('runs each in its turn, however long that takes, without a misfire', () => {
    const watch = Array.from({ length: 40 }, (_, n): Step => [20 + 5 * n, 'running', 'wait']);
    // It is written down every half threshold that the ticks are being waited for.
    const steps = watch.map(([now, before]): Step => [
      now,
      before,
      now % 30 === 20 ? 'note' : 'wait',
    ]);
    const progress = story({ overlap: 'queue', misfire: 'skip' }, [
      [10, 'finished', 'run 10'],
      ...steps,
      [216, 'finished', 'run 20'],
      [217, 'finished', 'run 30'],
      [218, 'finished', 'run 40'],
    ]);
    expect(progress).toMatchObject({ runs: 4, misfires: 0, skips: 0 });
  });

  it('tells what was waiting from what was missed, and from what came later', () => {
    // Down from 45 to 200, while 20, 30 and 40 were waiting for the run of 10.
    const progress = story({ overlap: 'queue', misfire: 'fire-once' }, [
      [10, 'finished', 'run 10'],
      [20, 'running', 'note'],
      [40, 'running', 'wait'],
      [50, 'running', 'note'],
      [200, 'running', 'wait'],
      [210, 'finished', 'run 20'],
      [211, 'finished', 'run 30'],
      [212, 'finished', 'run 40'],
      [213, 'finished', 'run 50'],
      // 60 to 210.
      [214, 'running', 'note'],
      [220, 'running', 'wait'],
      [221, 'finished', 'run 210 for 16'],
      [222, 'finished', 'run 220'],
    ]);
    expect(progress).toEqual({ cursor: 220_000, runs: 7, misfires: 16, skips: 0 });
  });

  it.each<[what: string, back: number, next: string]>([
    ['takes a failover of a minute for no outage', 80, 'run 30'],
    ['takes a longer one for an outage', 80.001, 'miss 7'],
  ])('%s', (_what, back, next) => {
    const progress = story({ overlap: 'queue', misfire: 'skip' }, [
      [10, 'finished', 'run 10'],
      [20, 'running', 'note'],
      [back, 'finished', 'run 20'],
      [95, 'finished', next],
    ]);
    expect(progress.skips).toBe(0);
  });

  it('takes pauses of some seconds for none, however short the threshold', () => {
    const progress = story({ overlap: 'queue', misfire: 'skip', misfireThresholdMs: 100 }, [
      [10, 'finished', 'run 10'],
      [20, 'running', 'note'],
      [22.5, 'running', 'note'],
      [27.5, 'finished', 'run 20'],
      [30, 'running', 'note'],
      [35.001, 'running', 'wait'],
      [36, 'finished', 'run 30'],
      [46, 'finished', 'miss 1'],
    ]);
    expect(progress).toEqual({ cursor: 40_000, runs: 3, misfires: 1, skips: 0 });
  });

  it('runs all missed ticks in turn with fire-all, and then those that came meanwhile', () => {
    const progress = story({ overlap: 'queue', misfire: 'fire-all' }, [
      [71, 'finished', 'run 10 for 1'],
      [80, 'running', 'wait'],
      ...[20, 30, 40, 50, 60, 70].map((due): Step => [
        80 + due / 10,
        'finished',
        `run ${due} for 1`,
      ]),
      [88, 'finished', 'run 80'],
      [89, 'finished', 'wait'],
    ]);
    expect(progress).toEqual({ cursor: 80_000, runs: 8, misfires: 7, skips: 0 });
  });

  it('has two outages in a row counted, and none twice', () => {
    const progress = story({ overlap: 'queue', misfire: 'fire-all', misfireLimit: 3 }, [
      [100, 'finished', 'run 80 for 1, miss 7'],
      [300, 'running', 'wait'],
      [301, 'finished', 'run 90 for 1'],
      [302, 'finished', 'run 100 for 1'],
      [303, 'running', 'miss 17'],
      [304, 'finished', 'run 280 for 1'],
      [305, 'finished', 'run 290 for 1'],
      [306, 'finished', 'run 300 for 1'],
    ]);
    expect(progress).toEqual({ cursor: 300_000, runs: 6, misfires: 30, skips: 0 });
  });
});

it('a clock that is put back makes no plan', () => {
  const progress = { ...FRESH, cursor: 100_000, seenUntil: 100_000 };
  expect(story({}, [[50, 'finished', 'wait']], progress)).toBe(progress);
});

it('a plan leaves nothing behind when no tick waits any more', () => {
  const left = { ...FRESH, catchUpUntil: 5, seenUntil: 5 };
  for (const misfire of ['fire-once', 'skip'] as const) {
    const progress = story(
      { misfire },
      [[100, 'finished', misfire === 'skip' ? 'miss 10' : 'run 100 for 10']],
      left,
    );
    expect(Object.keys(progress)).toEqual(['cursor', 'runs', 'misfires', 'skips']);
  }
});
