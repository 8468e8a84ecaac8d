import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import type { LedgerEvent } from '../harness/ledger.js';
import { type DeathPoint, type FollowShape, QUEUE } from '../harness/protocol.js';
import { type Row, rowTimeout, startRow } from '../harness/row.js';
import { LONG, QUICK } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

/**
 * Every step from the antecedent's last line to the continuation's start, and those that lead
 * there.
 */
const STEPS = [
  'last line',
  'job settled',
  'hub claimed',
  'outcome read',
  'continuation to be enqueued',
  'continuation enqueued',
  'continuation to be forgotten',
  'links to be deleted',
  'links deleted',
  'hub completed',
];

/** Those of the claim of a job whose continuations are declared. */
const DECLARED_STEPS = ['declared links stored', 'hub attached'];

const SHAPES: readonly FollowShape[] = ['chain', 'continued', 'declared'];
const OPTIONS = { lock: { duration: 1_000, sweep: 200, maxStalls: 100 } };
const ALL_STEPS = [...STEPS, ...DECLARED_STEPS];
const ROUNDS = LONG ? 100 : QUICK ? 4 : ALL_STEPS.length;

describeRow('continuations, kill -9 at each step', (engine) => {
  it(
    'run at least once, after their antecedent, and are never lost',
    async () => {
      const row = startRow('continuations, kill -9 at each step', engine);
      const producer = await row.startProducer();
      let killed = 0;
      const first = QUICK ? row.random.int(0, ALL_STEPS.length - 1) : 0;
      const rounds = Array.from({ length: ROUNDS }, (_, index) => first + index);
      for (const round of rounds) {
        const { shape, dieAt } = roundOf(round);
        await producer.call('follow', { label: `${round}`, shape });
        // Takes over what the one before has left, too, and dies in the middle of that.
        const victim = row.fork({ options: OPTIONS, dieAt });
        victim.mayDie = true;
        const exit = await victim.exited;
        if (exit.signal === 'SIGKILL') killed += 1;
      }
      await row.start({ options: OPTIONS });
      const labels = rounds.map((round) => `c-${round}`);
      await row.until(
        'all continuations have run',
        () => labels.every((label) => endsOf(row, label).length > 0),
        rowTimeout(60_000, 120_000),
      );

      const early = labels.filter((label) => ranEarly(row, label));
      const repeated = labels.filter((label) => endsOf(row, label).length > 1);
      row.print(
        `${killed} kills at ${Math.min(ROUNDS, ALL_STEPS.length)} steps, continuations lost 0, ` +
          `before their antecedent ${early.length}, run more than once ${repeated.length}`,
      );
      expect(killed).toBe(ROUNDS);
      expect(early).toEqual([]);
    },
    rowTimeout(120_000, 900_000),
  );
});

function roundOf(round: number): { shape: FollowShape; dieAt: DeathPoint } {
  const step = ALL_STEPS[round % ALL_STEPS.length]!;
  const turn = Math.floor(round / ALL_STEPS.length);
  const shape = DECLARED_STEPS.includes(step)
    ? 'declared'
    : SHAPES[(round + turn) % SHAPES.length]!;
  return { shape, dieAt: { step, of: idsOf(round, shape) } };
}

/**
 * Of a job whose continuation is declared, nobody knows the continuation's id before: any will do.
 */
function idsOf(round: number, shape: FollowShape): string[] {
  const id = `a-${round}`;
  const hub = createHash('sha256').update(`${QUEUE}\n${id}`).digest('hex').slice(0, 32);
  return [id, hub, shape === 'declared' ? '-' : `c-${round}`];
}

function endsOf(row: Row, label: string): Extract<LedgerEvent, { type: 'ended' }>[] {
  return row.ledger.of('ended').filter((event) => event.label === label);
}

/**
 * Whether it ran before its antecedent had ended, by the ledger, or had completed, as it found in
 * the store itself.
 */
function ranEarly(row: Row, label: string): boolean {
  const { events } = row.ledger;
  const antecedent = label.replace('c-', 'a-');
  const start = events.findIndex((event) => event.type === 'started' && event.label === label);
  const end = events.findIndex((event) => event.type === 'ended' && event.label === antecedent);
  return end < 0 || start < end || endsOf(row, label).some(({ ok }) => !ok);
}
