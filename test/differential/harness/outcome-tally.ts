import type { Outcome } from './call-performer.js';
import { isRecord } from './plain-values.js';
import type { Call } from './recorded-call.js';

/** Counts what became of calls: a comparison of refusals alone would prove little. */
export class OutcomeTally {
  readonly #counts = new Map<string, number>();

  note(call: Call, outcome: Outcome): void {
    const name = `${call.method}: ${resultOf(outcome)}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** The kinds of results that a method had, e.g. 'error -1' or 'some'. */
  resultsOf(method: string): string[] {
    const start = `${method}: `;
    return [...this.#counts.keys()]
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  toString(): string {
    const lines = [...this.#counts].map(([name, count]) => `${name}: ${count}`);
    return lines.toSorted().join('\n');
  }
}

/** A word or two for a result: an error's code, or how much there was. */
function resultOf(outcome: Outcome): string {
  if ('error' in outcome) {
    const { code, message } = outcome.error;
    return `error ${typeof code === 'number' ? code : message}`;
  }
  const { value } = outcome;
  if (isRecord(value) && 'result' in value) return `ok, next ${sizeOf(value['result'])}`;
  return sizeOf(value);
}

function sizeOf(value: unknown): string {
  if (Array.isArray(value)) return value.some(Boolean) ? 'some' : 'none';
  if (isRecord(value)) return Object.keys(value).length > 0 ? 'some' : 'none';
  if (typeof value === 'string') return 'text';
  return typeof value === 'number' && Math.abs(value) > 2 ? 'a number' : String(value);
}
