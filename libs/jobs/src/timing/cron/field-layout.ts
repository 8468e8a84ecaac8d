import type { CronFault } from '../../errors/index.js';
import { closest } from '../../options/index.js';
import type { CronDialect } from './cron-field.js';

/** An expression cut into its fields, in upper case. @internal */
export interface FieldTexts {
  readonly second: string;
  readonly minute: string;
  readonly hour: string;
  readonly dayOfMonth: string;
  readonly month: string;
  readonly dayOfWeek: string;
  readonly year: string | undefined;
  /** Whether the second was written, rather than taken to be 0. */
  readonly hasSeconds: boolean;
}

/** Vixie cron's; all of them Unix, in which their weekday is written. */
const MACROS: Readonly<Record<string, string>> = {
  '@YEARLY': '0 0 1 1 *',
  '@ANNUALLY': '0 0 1 1 *',
  '@MONTHLY': '0 0 1 * *',
  '@WEEKLY': '0 0 * * SUN',
  '@DAILY': '0 0 * * *',
  '@MIDNIGHT': '0 0 * * *',
  '@HOURLY': '0 * * * *',
};

/** Many times what a schedule needs; longer text is a mistake or an attack. */
const MAX_LENGTH = 1_000;

/** Where Unix crons know `?`, it is another `*`, in any field. */
const UNIX_STAR = /^\?(?=\/|$)/;

const UNIX_FIELDS = 'minute, hour, day of month, month, day of week';
const QUARTZ_FIELDS = `second, ${UNIX_FIELDS}`;

/** How an expression was laid out. @internal */
export interface FieldLayout {
  readonly dialect: CronDialect;
  readonly texts: FieldTexts;
}

/**
 * What an expression is taken for that is given without a dialect: 5 fields are Unix, 6 and 7 are
 * Quartz. @internal
 */
export function usualDialect(text: string): CronDialect {
  return fieldsOf(text).length > 5 ? 'quartz' : 'unix';
}

/**
 * Tells the dialect and cuts the text; `undefined`, and a fault, when the number of fields is
 * wrong.
 * @param dialect the one that was asked for
 * @internal
 */
export function layOut(
  text: string,
  dialect: CronDialect | undefined,
  faults: CronFault[],
): FieldLayout | undefined {
  if (text.length > MAX_LENGTH) {
    const got = `${text.slice(0, 20)}… (${text.length} characters)`;
    faults.push({ field: 'expression', got, reason: `at most ${MAX_LENGTH} characters` });
    return undefined;
  }
  const upper = toUpperCase(text.trim());
  if (upper.startsWith('@')) {
    const expansion = Object.hasOwn(MACROS, upper) ? MACROS[upper]! : undefined;
    if (expansion !== undefined)
      return { dialect: 'unix', texts: cut(expansion.split(' '), 'unix') };
    faults.push(describeUnknownMacro(text.trim(), upper));
    return undefined;
  }
  const parts = fieldsOf(upper);
  if (parts.length >= (dialect === 'quartz' ? 6 : 5) && parts.length <= 7) {
    const told = dialect ?? usualDialect(upper);
    return { dialect: told, texts: cut(parts, told) };
  }
  faults.push(describeCount(parts, dialect));
  return undefined;
}

/** ASCII alone, so that a piece of it lies where it lies in the original. @internal */
export function toUpperCase(text: string): string {
  return text.replaceAll(/[a-z]+/g, (letters) => letters.toUpperCase());
}

function fieldsOf(text: string): string[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(/\s+/);
}

function cut(parts: readonly string[], dialect: CronDialect): FieldTexts {
  const hasSeconds = parts.length > 5;
  const [second, minute, hour, dayOfMonth, month, dayOfWeek, year] = (
    hasSeconds ? parts : ['0', ...parts]
  ).map((part) => (dialect === 'unix' ? part.replace(UNIX_STAR, '*') : part));
  return {
    second: second!,
    minute: minute!,
    hour: hour!,
    dayOfMonth: dayOfMonth!,
    month: month!,
    dayOfWeek: dayOfWeek!,
    year,
    hasSeconds,
  };
}

function describeUnknownMacro(got: string, upper: string): CronFault {
  const known = Object.keys(MACROS).map((name) => name.toLowerCase());
  const near = closest(upper.toLowerCase(), known);
  let hint = near === undefined ? undefined : `did you mean ${near}?`;
  if (upper === '@REBOOT') hint = 'a schedule knows no reboot; call the work when the app starts';
  const reason = `one of ${known.join(', ')}`;
  return { field: 'expression', got, reason, ...(hint !== undefined && { hint }) };
}

function describeCount(parts: readonly string[], dialect: CronDialect | undefined): CronFault {
  const count = parts.length === 1 ? '1 field' : `${parts.length} fields`;
  const got = parts.length === 0 ? '' : `${parts.join(' ')} (${count})`;
  const field = 'expression';
  if (dialect === 'quartz') {
    const reason = `6 fields (${QUARTZ_FIELDS}) or 7 with the year`;
    return parts.length === 5
      ? { field, got, reason, hint: "put a second in front, or take the dialect 'unix'" }
      : { field, got, reason };
  }
  return {
    field,
    got,
    reason: `5 fields (${UNIX_FIELDS}), 6 with the second first, or 7 with the year last`,
    ...(parts.some((part) => /^,|,$/.test(part)) && { hint: 'lists hold no blanks: MON,WED' }),
  };
}
