import type { CronFault } from '../../errors/index.js';
import { WEEKDAYS, type CronDialect } from './cron-field.js';
import type { FieldLayout, FieldTexts } from './field-layout.js';

/** A number of a weekday, and not a step or which one of a month. */
const WEEKDAY_NUMBER = /(?<![\d/#])\d+/g;

/**
 * Six fields are written by Quartz and, with a second in front, by those who count weekdays as Unix
 * does (@nestjs/schedule, Spring): `1-5` is Sunday to Thursday to the one and Monday to Friday to
 * the others. When nobody says which, that is a fault, and no guess.
 * @returns the texts to read on with: without what is in doubt
 * @internal
 */
export function refuseDoubt({ texts }: FieldLayout, faults: CronFault[]): FieldTexts {
  if (!isInDoubt(texts)) return texts;
  const { dayOfWeek } = texts;
  const [quartz, unix] = [asNames(dayOfWeek, 'quartz'), asNames(dayOfWeek, 'unix')];
  faults.push({
    field: 'day of week',
    got: dayOfWeek,
    reason: 'names of weekdays, or a dialect, where there are six fields',
    hint:
      `numbers are ${quartz} to Quartz, ${unix} to Unix, @nestjs/schedule and Spring; ` +
      `write the one that is meant, or give the dialect 'quartz' or 'unix'`,
  });
  return { ...texts, dayOfWeek: '*' };
}

/** Whether an expression without a dialect has weekdays that may be read in two ways. @internal */
export function isInDoubt({ hasSeconds, year, dayOfWeek }: FieldTexts): boolean {
  return hasSeconds && year === undefined && dayOfWeek.search(WEEKDAY_NUMBER) >= 0;
}

function asNames(dayOfWeek: string, dialect: CronDialect): string {
  const names = dialect === 'unix' ? [...WEEKDAYS, 'SUN'] : [undefined, ...WEEKDAYS];
  return dayOfWeek.replaceAll(WEEKDAY_NUMBER, (number) => names[Number(number)] ?? 'no day');
}
