import { inspect } from 'node:util';

/** All there is of one error, in characters: an error is stored with each attempt that failed. */
const LONGEST_TEXT = 8_192;

/** Of one error in it: its message, and the lines of its stack. */
const LONGEST_HEAD = 2_000;
const LONGEST_FRAMES = 2_000;

/** Of a message that is put into another. */
const LONGEST_REASON = 1_000;

const MOST_CAUSES = 5;
const MOST_MEMBERS = 5;

/** Of errors in all: members may have causes and members themselves. */
const MOST_ERRORS = 30;

/**
 * The stack of an error, with those of its causes and of the members of an AggregateError: where a
 * library wraps what went wrong, the cause is what one looks for. Cut where it is long; never
 * throws.
 * @internal
 */
export function errorText(error: unknown): string {
  return cut(textOf(error, 0, new Set()), LONGEST_TEXT);
}

/**
 * The message of an error, with those of its causes: `fetch failed: connect ECONNREFUSED`.
 * @internal
 */
export function errorReason(error: unknown): string {
  const reasons: string[] = [];
  const seen = new Set<unknown>();
  let next = error;
  // An error may be among its own causes, and a getter may make a new one each time.
  while (next !== undefined && !seen.has(next) && seen.size < MOST_CAUSES) {
    seen.add(next);
    const reason = cut(isError(next) ? messageOf(next) : shown(next), LONGEST_REASON);
    // Who wraps an error often repeats its message.
    if (!reasons.some((earlier) => earlier.includes(reason))) reasons.push(reason);
    next = causeOf(next);
  }
  return reasons.join(': ');
}

/**
 * @param seen the errors that are in the text already; their causes and members are not told again
 */
function textOf(error: unknown, depth: number, seen: Set<unknown>): string {
  if (!isError(error)) return shown(error);
  const parts = [stackOf(error)];
  if (depth === MOST_CAUSES || seen.has(error) || seen.size >= MOST_ERRORS) return parts[0]!;
  seen.add(error);
  const cause = causeOf(error);
  if (cause !== undefined) parts.push(`Caused by: ${textOf(cause, depth + 1, seen)}`);
  const members = membersOf(error);
  for (const [index, member] of members.slice(0, MOST_MEMBERS).entries())
    parts.push(`[${index + 1} of ${members.length}] ${textOf(member, depth + 1, seen)}`);
  return parts.join('\n');
}

function stackOf(error: Error): string {
  const stack = read(() => error.stack);
  const text = typeof stack === 'string' && stack !== '' ? stack : messageOf(error);
  const start = text.search(/\n[^\S\n]+at /);
  if (start < 0) return cut(text, LONGEST_HEAD);
  return cut(text.slice(0, start), LONGEST_HEAD) + cut(text.slice(start), LONGEST_FRAMES);
}

function messageOf(error: Error): string {
  const message = read(() => error.message);
  return typeof message === 'string' ? message : shown(message);
}

function causeOf(error: unknown): unknown {
  return isError(error) ? (read(() => error.cause) ?? undefined) : undefined;
}

function membersOf(error: Error): readonly unknown[] {
  const members = read(() => (error as Partial<AggregateError>).errors);
  return Array.isArray(members) ? members : [];
}

/** Those of another realm (vm, a test runner) are no instances of this one's Error. */
function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Error || read(() => typeof (value as Error).stack) === 'string';
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value;
  const text = read(() =>
    inspect(value, { depth: 0, maxStringLength: 200, breakLength: Infinity }),
  );
  return text ?? `a ${typeof value} that cannot be described`;
}

/** What is thrown may have getters that throw. */
function read<T>(get: () => T): T | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, limit)}… (${text.length - limit} characters more)`;
}
