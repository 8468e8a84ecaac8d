import type { Transaction } from '../../store/index.js';

/**
 * The time of the file's steady clock that is so many ms away, as an integer column holds it: a
 * message can be retained for longer than JavaScript counts exactly.
 */
export function timeIn(tx: Transaction, milliseconds: number): number {
  return Math.min(Math.floor(tx.steadyNow() + milliseconds), Number.MAX_SAFE_INTEGER);
}

/**
 * When a time of the file's steady clock is, as people are told: by the wall clock, should nobody
 * set that until then.
 */
export function wallTime(tx: Transaction, steadyTime: number): number {
  return Math.min(steadyTime + Date.now() - tx.steadyNow(), Number.MAX_SAFE_INTEGER);
}
