/**
 * A length of time: milliseconds as a number, words (`'3 days'`, `'1h 30m'`, `'250ms'`), or an ISO
 * 8601 / Temporal duration without months and years, whose length is not fixed (`'P1DT12H'`). At
 * most 100 years.
 * @publicApi
 */
export type Duration = number | string;

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const UNIT_OF_WORD: Readonly<Record<string, string>> = {
  ms: 'ms',
  msec: 'ms',
  msecs: 'ms',
  millisecond: 'ms',
  milliseconds: 'ms',
  s: 's',
  sec: 's',
  secs: 's',
  second: 's',
  seconds: 's',
  m: 'm',
  min: 'm',
  mins: 'm',
  minute: 'm',
  minutes: 'm',
  h: 'h',
  hr: 'h',
  hrs: 'h',
  hour: 'h',
  hours: 'h',
  d: 'd',
  day: 'd',
  days: 'd',
  w: 'w',
  week: 'w',
  weeks: 'w',
};

const ISO =
  /^P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i;
const WORDS = /(\d+(?:\.\d+)?)\s*([a-z]+)[\s,]*/giy;

/** The stores and `Date` cannot count for ever: a hundred years. */
const LONGEST_MS = 100 * 365.25 * MS_PER_UNIT.d!;

/**
 * Reads a duration.
 * @returns whole milliseconds, never negative; `undefined` when the input is no duration, or longer
 *   than 100 years
 * @internal
 */
export function parseDuration(input: unknown): number | undefined {
  const ms = typeof input === 'string' ? parseText(input.trim()) : input;
  const isDuration = typeof ms === 'number' && ms >= 0 && ms <= LONGEST_MS;
  return isDuration ? Math.round(ms) : undefined;
}

function parseText(text: string): number | undefined {
  return parseIso(text) ?? parseWords(text);
}

function parseIso(text: string): number | undefined {
  const match = ISO.exec(text);
  if (!match || match.slice(1).every((part) => part === undefined)) return undefined;
  const [weeks, days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return Math.round(
    weeks! * MS_PER_UNIT.w! +
      days! * MS_PER_UNIT.d! +
      hours! * MS_PER_UNIT.h! +
      minutes! * MS_PER_UNIT.m! +
      seconds! * MS_PER_UNIT.s!,
  );
}

function parseWords(text: string): number | undefined {
  if (text === '') return undefined;
  let total = 0;
  WORDS.lastIndex = 0;
  while (WORDS.lastIndex < text.length) {
    const match = WORDS.exec(text);
    const word = match?.[2]!.toLowerCase();
    const unit =
      word !== undefined && Object.hasOwn(UNIT_OF_WORD, word) ? UNIT_OF_WORD[word] : undefined;
    if (!match || unit === undefined) return undefined;
    total += Number(match[1]) * MS_PER_UNIT[unit]!;
  }
  return Math.round(total);
}
