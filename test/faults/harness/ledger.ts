import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/**
 * One line of the ledger, without its time. `label` names a job whatever id it was stored under.
 */
export type LedgerEntry =
  /** A producer is about to enqueue. */
  | { type: 'attempted'; label: string }
  /** `enqueue` resolved, or said that a job with this very id is stored. */
  | { type: 'acked'; label: string; jobId: string }
  /** `enqueue` rejected and said: may be stored. */
  | { type: 'uncertain'; label: string; jobId: string }
  /** `enqueue` rejected and said: not stored. */
  | { type: 'refused'; label: string; reason: string }
  /** A handler was called. `run` is unique over all processes. */
  | { type: 'started'; label: string; jobId: string; run: string; pid: number; attempt: number }
  /** A handler saw its signal abort. */
  | { type: 'aborted'; label: string; run: string; pid: number; reason: string; dbOpen: boolean }
  /** A handler is about to return or to throw. */
  | { type: 'ended'; label: string; run: string; pid: number; ok: boolean; dbOpen: boolean }
  /** The store has taken the end of a job's run in this process. */
  | { type: 'settled'; jobId: string; pid: number; attempt: number; as: 'completed' | 'failed' }
  /** What may explain another line: an answer to somebody who meddled, or a step of a hub. */
  | { type: 'note'; about: string; text: string; pid: number }
  /** A step of a handler is done: it is called, or (done) its value was stored. */
  | { type: 'step'; label: string; run: string; step: number; done: boolean; value: string }
  /** A batch's continuation was called, with what it was told of the batch. */
  | { type: 'batch-ended'; label: string; state: string; completed: number }
  /** `cancel` is about to be called. */
  | { type: 'cancelled'; label: string }
  /**
   * A job need not run from now on: it fails, is about to be cancelled or removed, or follows one
   * of these.
   */
  | { type: 'excused'; label: string; why: string }
  /** The harness did harm: to one process, or (no pid) to all. Its effect lasts till `until`. */
  | { type: 'fault'; kind: string; pid?: number; from: number; until: number }
  /** What the store says of a job at the end. `result` is the run whose value was stored. */
  | { type: 'stored'; label: string; jobId: string; state: string; result?: unknown };

/** A line with its time, Unix ms. */
export type LedgerEvent = LedgerEntry & { at: number };

/**
 * Unix ms that all processes of a machine agree on: neither a shifted `Date` (see clock-shift.ts)
 * nor a step of the wall clock reaches it.
 */
export function ledgerNow(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

/**
 * Appends to a ledger that other processes append to as well. One `write` for each line to a file
 * opened with O_APPEND: lines never mix, and what was written survives any death of its writer.
 */
export class LedgerWriter {
  private readonly descriptor: number;

  constructor(path: string) {
    this.descriptor = openSync(path, 'a');
  }

  append(entry: LedgerEntry): void {
    writeSync(this.descriptor, `${JSON.stringify({ ...entry, at: ledgerNow() })}\n`);
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

/** Follows a ledger as it grows. */
export class LedgerReader {
  readonly events: LedgerEvent[] = [];
  private readonly descriptor: number;
  private readonly chunk = Buffer.alloc(1 << 20);
  private position = 0;
  private rest = Buffer.alloc(0);

  constructor(path: string) {
    this.descriptor = openSync(path, 'a+');
  }

  /** Reads what was appended since the last call. */
  refresh(): readonly LedgerEvent[] {
    for (;;) {
      const size = readSync(this.descriptor, this.chunk, 0, this.chunk.length, this.position);
      if (size === 0) return this.events;
      this.position += size;
      this.take(Buffer.concat([this.rest, this.chunk.subarray(0, size)]));
    }
  }

  /** The events of one type. */
  of<T extends LedgerEvent['type']>(type: T): Extract<LedgerEvent, { type: T }>[] {
    return this.events.filter(
      (event): event is Extract<LedgerEvent, { type: T }> => event.type === type,
    );
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private take(bytes: Buffer): void {
    const end = bytes.lastIndexOf(0x0a) + 1;
    this.rest = Buffer.from(bytes.subarray(end));
    for (const line of bytes.subarray(0, end).toString().split('\n')) {
      if (line !== '') this.events.push(JSON.parse(line) as LedgerEvent);
    }
  }
}
