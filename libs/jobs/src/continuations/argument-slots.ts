import { restoreValue } from '../payload/index.js';
import type { ContinuationMoment, JobEnding } from '../options/index.js';
import type { JobOutcome } from '../hubs/index.js';
import { placeholderOf, type PlaceholderSource } from './placeholder.js';

/**
 * A place in the arguments of a continuation that wants something of what became of an antecedent.
 * @internal
 */
export interface Slot extends PlaceholderSource {
  /** The way there: the argument's index, then keys. */
  readonly at: readonly (string | number)[];
}

const MAX_DEPTH = 256;

/**
 * Finds placeholders in the arguments of a call, also in lists and plain objects.
 * @returns the arguments with null in their place, and where they were. Lists and plain objects are
 *   copies: what was looked for in them is not there the next time that they are read, maybe
 * @internal
 */
export function extractSlots(args: readonly unknown[]): { args: unknown[]; slots: Slot[] } {
  const slots: Slot[] = [];
  const ancestors: unknown[] = [];
  const visit = (value: unknown, at: readonly (string | number)[]): unknown => {
    const source = placeholderOf(value);
    if (source !== undefined) {
      slots.push({ at, ...source });
      return null;
    }
    // What is circular or too deep is refused when it is made storable.
    if (ancestors.includes(value) || ancestors.length > MAX_DEPTH) return value;
    ancestors.push(value);
    const copy = copyOf(value, (child, key) => visit(child, [...at, key]));
    ancestors.pop();
    return copy;
  };
  return { args: args.map((argument, index) => visit(argument, [index])), slots };
}

function copyOf(value: unknown, visit: (child: unknown, key: string | number) => unknown): unknown {
  if (Array.isArray(value)) return value.map(visit);
  if (!isPlain(value) || Object.getOwnPropertySymbols(value).length > 0) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, visit(child, key)] as const);
  return Object.fromEntries(entries);
}

/**
 * Puts what became of the antecedents where the arguments want it: when the last of them has ended,
 * right before the continuation is enqueued.
 * @internal
 */
export function fillSlots(
  args: readonly unknown[],
  slots: readonly Slot[],
  outcomes: readonly JobOutcome[],
  on: ContinuationMoment,
): unknown[] {
  const values = outcomes.map((outcome) => valueOf(outcome, on));
  const filled: unknown[] = [...args];
  for (const { at, of, path } of slots) {
    putAt(filled, at, path.reduce<unknown>(property, values[of]));
  }
  return filled;
}

/** Puts a value where a slot is. @internal */
export function putAt(args: unknown[], at: Slot['at'], value: unknown): void {
  const holder = at
    .slice(0, -1)
    .reduce<unknown>((parent, key) => (parent as Record<string | number, unknown>)[key], args);
  (holder as Record<string | number, unknown>)[at.at(-1)!] = value;
}

/** What the callback's parameter stands for. */
function valueOf(outcome: JobOutcome, on: ContinuationMoment): unknown {
  if (on === 'completed') return outcome.status === 'completed' && restored(outcome.result);
  if (on === 'failed') return outcome.status !== 'completed' && outcome.error;
  const ending: JobEnding =
    outcome.status === 'completed'
      ? { status: 'completed', result: restored(outcome.result) }
      : { status: outcome.status, error: outcome.error };
  return ending;
}

function restored(result: unknown): unknown {
  return restoreValue(result ?? null);
}

/** Own properties alone: a result is data, whatever its keys are called. */
function property(holder: unknown, key: string): unknown {
  if (holder === null || holder === undefined) return undefined;
  if (typeof holder !== 'object') return undefined;
  return Object.hasOwn(holder, key) ? (holder as Record<string, unknown>)[key] : undefined;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
