import cronstrue from 'cronstrue';
import { CronExpression, type CronOptions } from './cron-expression.js';
import { FIELDS, WEEKDAYS, type CronDialect } from './cron-field.js';
import { layOut, type FieldTexts } from './field-layout.js';
import { isInDoubt } from './weekday-doubt.js';

const HASHED = /(?:^|[\s,])H(?=$|[\s,(/])/i;
const ORDINALS = ['first', 'second', 'third', 'fourth', 'fifth'];
const WEEKDAY_NAMES = [
  'Sunday',
  'Monday',
  'Tuesday',
  'Wednesday',
  'Thursday',
  'Friday',
  'Saturday',
];

/**
 * Says in English when an expression is due: `At 02:30, Monday through Friday`. Times are those of
 * its zone, which is not mentioned. Never throws: what is no cron expression is called so, and of
 * one that needs a dialect both readings are told.
 *
 * The words are cronstrue's, save for what it refuses or tells wrongly: lists with `L`, `W` or `#`,
 * `LW-n`, and an `H` that has no `id` to become a value.
 * @param options as for {@link CronExpression.parse}, for an expression that is given as text
 * @publicApi
 */
export function describeCron(expression: CronExpression | string, options?: CronOptions): string {
  try {
    const { resolved, dialect } =
      expression instanceof CronExpression ? expression : parseToRead(expression, options);
    const texts = layOut(resolved, dialect, [])!.texts;
    if (typeof expression === 'string' && options?.id === undefined && HASHED.test(expression)) {
      return describeSpread(layOut(expression, dialect, [])!.texts);
    }
    return describeTexts(texts, dialect);
  } catch {
    if (typeof expression === 'string' && options?.dialect === undefined) {
      const layout = layOut(expression, undefined, []);
      if (layout && isInDoubt(layout.texts)) return describeBoth(expression, options);
    }
    return `Not a cron expression: ${typeof expression === 'string' ? expression : typeof expression}`;
  }
}

function describeBoth(expression: string, options: CronOptions | undefined): string {
  const readings = (['unix', 'quartz'] as const).map(
    (dialect) => `${describeCron(expression, { ...options, dialect })} (${dialect})`,
  );
  return readings.join(' or ');
}

/** Whatever the id, the zone and the date: only what is said matters here. */
function parseToRead(text: string, options: CronOptions | undefined): CronExpression {
  return CronExpression.parse(text, {
    ...options,
    id: options?.id ?? 'any',
    timeZone: 'UTC',
    now: 0,
  });
}

function describeTexts(texts: FieldTexts, dialect: CronDialect): string {
  const monthDays = /L.*,|,.*L|W.*,|,.*W|LW-|L-\d+W/.test(texts.dayOfMonth);
  const weekdays = /[L#].*,|,.*(?:L|#)/.test(texts.dayOfWeek);
  const ownWords = [
    ...(monthDays ? texts.dayOfMonth.split(',').map(describeMonthDay) : []),
    ...(weekdays ? texts.dayOfWeek.split(',').map((item) => describeWeekday(item, dialect)) : []),
  ];
  const known = {
    ...texts,
    dayOfMonth: monthDays ? '*' : texts.dayOfMonth,
    dayOfWeek: weekdays ? '*' : texts.dayOfWeek,
    // cronstrue takes the calendar to end in 9999.
    year: texts.year?.replace(/^(\d+)\/(\d+)$/, `$1-${FIELDS.year.max}/$2`),
  };
  const words = cronstrue.toString(join(known), {
    dayOfWeekStartIndexZero: dialect === 'unix',
    use24HourTimeFormat: true,
  });
  return ownWords.length === 0 ? words : `${words}, on ${listOf(ownWords)} of the month`;
}

function describeMonthDay(item: string): string {
  const last = /^L(?:-(\d+))?(?:(W)(?:-(\d+))?)?$/.exec(item);
  if (last) {
    const [, offset, weekday, weekdayOffset] = last;
    const day = before('the last day', offset);
    if (weekday === undefined) return day;
    return before(
      offset === undefined ? 'the last weekday' : `the weekday nearest ${day}`,
      weekdayOffset,
    );
  }
  if (item.endsWith('W')) return `the weekday nearest day ${item.slice(0, -1)}`;
  const [range = '', step] = item.split('/');
  const [from, to] = range === '*' ? ['1', '31'] : range.split('-');
  if (step !== undefined) return `every ${step} days from day ${from} through ${to ?? '31'}`;
  return to === undefined ? `day ${from}` : `days ${from} through ${to}`;
}

function before(day: string, offset = '0'): string {
  if (offset === '0') return day;
  return offset === '1' ? `the day before ${day}` : `the day ${offset} days before ${day}`;
}

function describeWeekday(item: string, dialect: CronDialect): string {
  const [day = '', nth] = item.split('#');
  if (nth !== undefined) return `the ${ORDINALS[Number(nth) - 1]} ${nameOf(day, dialect)}`;
  if (item === 'L') return 'each Saturday';
  if (item.endsWith('L')) return `the last ${nameOf(item.slice(0, -1), dialect)}`;
  const [range = '', step] = item.split('/');
  if (range === '*') return `every ${step} days of the week`;
  const days = range.split('-').map((each) => nameOf(each, dialect));
  const steps = step === undefined ? '' : ` in steps of ${step}`;
  return days.length === 1 && step === undefined
    ? `each ${days[0]}`
    : `each ${days[0]} through ${days[1] ?? 'Saturday'}${steps}`;
}

function nameOf(day: string, dialect: CronDialect): string {
  const index = WEEKDAYS.findIndex((name) => name === day);
  const number = index >= 0 ? index : Number(day) - (dialect === 'quartz' ? 1 : 0);
  return WEEKDAY_NAMES[number % 7]!;
}

/** Field by field: until there is an id, nobody knows more. */
function describeSpread(texts: FieldTexts): string {
  const fields = [
    [FIELDS.second.name, texts.hasSeconds ? texts.second : '*'],
    [FIELDS.minute.name, texts.minute],
    [FIELDS.hour.name, texts.hour],
    [FIELDS.dayOfMonth.name, texts.dayOfMonth],
    [FIELDS.month.name, texts.month],
    [FIELDS.dayOfWeek.unix.name, texts.dayOfWeek],
    [FIELDS.year.name, texts.year ?? '*'],
  ] as const;
  const told = fields.filter(([, text]) => text !== '*' && text !== '?');
  return `At ${listOf(told.map(([name, text]) => `${name} ${text}`))}, where H is a value of its own for each job`;
}

function join(texts: FieldTexts): string {
  const { second, minute, hour, dayOfMonth, month, dayOfWeek, year } = texts;
  const fields = [minute, hour, dayOfMonth, month, dayOfWeek];
  return [
    ...(texts.hasSeconds ? [second] : []),
    ...fields,
    ...(year === undefined ? [] : [year]),
  ].join(' ');
}

function listOf(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
