import { restoreValue } from '../payload/index.js';
import type { ContinuationMoment, JobEnding } from '../options/index.js';
import type { JobOutcome } from '../hubs/index.js';
import { placeholderOf, type PlaceholderSource } from './placeholder.js';

/** A place in the arguments of a continuation that wants something of what became of an antecedent. @internal */
export interface Slot extends PlaceholderSource {
  /** The way there: the argument's index, then keys. */
  readonly at: readonly (string | number)[];
}

/**
 * Finds placeholders in the arguments of a call, also in lists and plain objects.
 * @returns the arguments with null in their place, and where they were
 * @internal
 */
export function extractSlots(args: readonly unknown[]): { args: unknown[]; slots: Slot[] } {
  const slots: Slot[] = [];
  const visit = (value: unknown, at: readonly (string | number)[]): unknown => {
    const source = placeholderOf(value);
    if (source !== undefined) {
      slots.push({ at, ...source });
      return null;
    }
    if (Array.isArray(value)) {
      const list = value.map((item, index) => visit(item, [...at, index]));
      return list.every((item, index) => item === value[index]) ? value : list;
    }
    if (!isPlain(value) || at.length > MAX_DEPTH) return value;
    const entries = Object.entries(value).map(([key, child]): [string, unknown] => [
      key,
      visit(child, [...at, key]),
    ]);
    const isSame = entries.every(([key, child]) => child === value[key]);
    return isSame ? value : Object.fromEntries(entries);
  };
  return { args: args.map((argument, index) => visit(argument, [index])), slots };
}

/** Deeper values, and circular ones, are refused when they are made storable. */
const MAX_DEPTH = 256;

/** Puts what became of the antecedents where the arguments want it. @internal */
export function fillSlots(
  args: readonly unknown[],
  slots: readonly Slot[],
  outcomes: readonly JobOutcome[],
  on: ContinuationMoment,
): unknown[] {
  const values = outcomes.map((outcome) => valueOf(outcome, on));
  const filled: unknown[] = [...args];
  for (const { at, of, path } of slots) {
    const value = path.reduce<unknown>(property, values[of]);
    const last = at.at(-1)!;
    const holder = at
      .slice(0, -1)
      .reduce<unknown>((parent, key) => (parent as Record<string | number, unknown>)[key], filled);
    (holder as Record<string | number, unknown>)[last] = value;
  }
  return filled;
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
