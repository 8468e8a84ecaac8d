import type { CronFault } from '../../errors/index.js';
import type { CronDialect, CronField } from './cron-field.js';
import { hashId } from './id-hash.js';

/** What one item of a list in a field stands for. @internal */
export interface Term {
  /**
   * In the numbering of the field; unordered, and above `last` where a second name was used (7 =
   * Sunday).
   */
  readonly values: readonly number[];
  /** Whether it was written with `*`, `/` or `-`: an interval rather than fixed times. */
  readonly interval: boolean;
  /** As written, with the value that was chosen in place of `H`. */
  readonly text: string;
}

/** Where a term stands. @internal */
export interface TermContext {
  readonly field: CronField;
  readonly dialect: CronDialect;
  /** What `H` is derived from. */
  readonly id: string | undefined;
  /** Takes what is wrong; a parser that returns `undefined` has added to it. */
  readonly faults: CronFault[];
}

const HASH = /^H(?:\((.*)\))?$/;

/**
 * Reads `*`, `a`, `a-b`, `H`, `H(a-b)`, each with or without a step: what all fields have in
 * common.
 * @param written in upper case
 * @internal
 */
export function parseTerm(written: string, context: TermContext): Term | undefined {
  const { field, dialect } = context;
  // Quartz may leave the star out.
  const text = dialect === 'quartz' && written.startsWith('/') ? `*${written}` : written;
  const [base = '', stepText, ...rest] = text.split('/');
  if (rest.length > 0) return fault(context, text, 'one step at most');
  const hash = HASH.exec(base);
  const isRange = base.includes('-');
  const bounds = hash ? parseHashRange(text, hash[1], context) : parseBounds(base, context);
  const step =
    stepText === undefined
      ? undefined
      : parseStep(stepText, hash || isRange ? bounds : field, context);
  if (bounds === undefined || (stepText !== undefined && step === undefined)) return undefined;
  if (hash) return spread(text, bounds, step, context);

  const [from, to] = bounds;
  if (isRange || base === '*') {
    if (from > to && !(field.wraps && dialect === 'quartz')) return faultOfOrder(base, context);
    return { values: expand(from, to, step ?? 1, field), interval: true, text };
  }
  if (step === undefined) return { values: [from], interval: false, text };
  return { values: expand(from, field.last, step, field), interval: true, text };
}

/** Reads one number or name. @internal */
export function parseValue(text: string, context: TermContext): number | undefined {
  const { field } = context;
  const word = field.words?.indexOf(text) ?? -1;
  if (word >= 0) return field.min + word;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.min && value <= field.max) return value;
  return fault(context, text, describeValues(field), hintFor(text, value, field));
}

function parseBounds(base: string, context: TermContext): readonly [number, number] | undefined {
  const { field } = context;
  if (base === '*') return [field.min, field.last];
  const [from = '', to, ...rest] = base.split('-');
  if (rest.length > 0 || from === '' || to === '') {
    return fault(context, base, `${describeValues(field)}, or a range a-b of them`);
  }
  const first = parseValue(from, context);
  const second = to === undefined ? first : parseValue(to, context);
  if (first === undefined || second === undefined) return undefined;
  // Where Sunday has two numbers, it ends a week too: SAT-SUN.
  const isLastDay = second === field.min && field.max > field.last && field.words?.[0] === to;
  return [first, isLastDay ? field.max : second];
}

function faultOfOrder(range: string, context: TermContext): undefined {
  const { field } = context;
  const [from = '', to = ''] = range.split('-');
  const words = /\d/.test(range) ? undefined : field.words;
  const pieces = `${from}-${words?.at(-1) ?? field.last},${words?.[0] ?? field.min}-${to}`;
  const hint = `only Quartz's ranges go on past the end; write ${pieces}`;
  return fault(
    context,
    range,
    'a range from the lower to the higher value',
    field.wraps ? hint : undefined,
  );
}

function parseHashRange(
  text: string,
  range: string | undefined,
  context: TermContext,
): readonly [number, number] | undefined {
  const { field, id } = context;
  if (field.hashLast === undefined) {
    return fault(context, text, 'no H in this field', 'a job has no year to be spread over');
  }
  if (id === undefined) {
    fault(context, text, 'H with an id to derive it from', 'pass { id } with the expression');
  }
  const bounds =
    range === undefined ? ([field.min, field.hashLast] as const) : parseBounds(range, context);
  if (bounds === undefined || id === undefined) return undefined;
  if (range !== undefined && !range.includes('-')) return fault(context, text, 'H or H(a-b)');
  const [from, to] = bounds;
  return from <= to ? bounds : fault(context, text, 'H(a-b) from the lower to the higher value');
}

/** A step must be able to be taken at all, else the author meant something else. */
function parseStep(
  text: string,
  range: readonly [number, number] | CronField | undefined,
  context: TermContext,
): number | undefined {
  if (range === undefined) return undefined;
  const limit = 'max' in range ? stepLimit(range) : countOf(range, context.field);
  const step = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (step >= 1 && step <= limit) return step;
  const hint = step > limit ? 'a larger step than the range is never taken' : undefined;
  return fault(context, `/${text}`, `a step from 1 to ${limit}`, hint);
}

/** As Quartz has it: 59 seconds or minutes, 23 hours, 31 days, 12 months, 7 weekdays. */
function stepLimit({ min, max, name }: CronField): number {
  return name === 'year' ? max - min : max;
}

function countOf([from, to]: readonly [number, number], field: CronField): number {
  return from <= to ? to - from + 1 : to + sizeOf(field) - from + 1;
}

function sizeOf(field: CronField): number {
  return field.last - field.min + 1;
}

/** `H` is one fixed value; `H/n` starts within the first step and runs on. */
function spread(
  text: string,
  [from, to]: readonly [number, number],
  step: number | undefined,
  { field, id = '' }: TermContext,
): Term {
  const choices = step ?? countOf([from, to], field);
  const start = from + hashId(id, field.name, choices);
  if (step === undefined) return { values: [start], interval: false, text: String(start) };
  // Without bounds of its own, a step runs to the end of the field, not to the last value that H
  // picks.
  const end = text.includes('(') ? to : field.last;
  return {
    values: expand(start, end, step, field),
    interval: true,
    text: `${start}-${end}/${step}`,
  };
}

function expand(from: number, to: number, step: number, field: CronField): number[] {
  const end = from <= to ? to : to + sizeOf(field);
  const values: number[] = [];
  for (let value = from; value <= end; value += step) values.push(wrap(value, field));
  return values;
}

function wrap(value: number, field: CronField): number {
  return value > field.max ? value - sizeOf(field) : value;
}

function describeValues({ min, max, words }: CronField): string {
  const numbers = `a number from ${min} to ${max}`;
  return words ? `${numbers} or a name from ${words[0]} to ${words.at(-1)}` : numbers;
}

function hintFor(text: string, value: number, field: CronField): string | undefined {
  if (!Number.isNaN(value)) return field.hints?.[value];
  if (text === '*' || text === '?') {
    return text === '*'
      ? '* stands alone or with a step, not in a list or range'
      : '? belongs to one of the two day fields, alone';
  }
  const near = field.words?.find((word) => text.startsWith(word));
  return near === undefined ? undefined : `write ${near}`;
}

/** Adds a fault; returns `undefined`, so that a parser can end with it. @internal */
export function fault(
  { field, faults }: TermContext,
  got: string,
  reason: string,
  hint?: string,
): undefined {
  faults.push({ field: field.name, got, reason, ...(hint !== undefined && { hint }) });
}
