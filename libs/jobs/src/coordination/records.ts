import type { CoordinationStore } from '../contracts/index.js';
import { parseRecord } from './stored-record.js';

/** Somebody else changed a record each time: more than this comes from no fleet. */
const MOST_TRIES = 100;

/**
 * A record as it was read: the text that is stored tells whether it was changed since. @internal
 */
export interface ReadRecord<T> {
  readonly value: T;
  readonly text: string;
}

type Call = <R>(id: string, call: () => Promise<R>) => Promise<R>;

/** Where records differ from plain JSON that is read and written as it is. @internal */
export interface RecordOptions<T> {
  readonly parse?: (text: string, key: string) => T;
  /** Around each call that reads: what bounds it, or says what failed. */
  readonly reading?: Call;
  /** Around each call that changes something. */
  readonly changing?: Call;
}

const asIs: Call = (_id, call) => call();

/**
 * Values of one kind in the coordination store, each under its id. One that was changed since it
 * was read is never overwritten.
 * @internal
 */
export class Records<T> {
  private readonly parse: (text: string, key: string) => T;
  private readonly reading: Call;
  private readonly changing: Call;

  constructor(
    private readonly engine: { readonly store: CoordinationStore },
    private readonly prefix: string,
    {
      parse = (text, key) => parseRecord(text, key) as T,
      reading = asIs,
      changing = asIs,
    }: RecordOptions<T> = {},
  ) {
    this.parse = parse;
    this.reading = reading;
    this.changing = changing;
  }

  async read(id: string): Promise<ReadRecord<T> | undefined> {
    const key = this.prefix + id;
    const text = await this.reading(id, () => this.engine.store.get(key));
    return text === undefined ? undefined : { value: this.parse(text, key), text };
  }

  /** @returns false when there is one already */
  async create(id: string, value: T, ttlMs?: number): Promise<boolean> {
    return (await this.write(id, undefined, value, ttlMs)) !== undefined;
  }

  /** @returns what is stored now; undefined when it was changed meanwhile */
  replace(
    id: string,
    { text }: Pick<ReadRecord<T>, 'text'>,
    value: T,
    ttlMs?: number,
  ): Promise<ReadRecord<T> | undefined> {
    return this.write(id, text, value, ttlMs);
  }

  /** @returns false when it was changed meanwhile */
  delete(id: string, { text }: Pick<ReadRecord<T>, 'text'>): Promise<boolean> {
    return this.changing(id, () => this.engine.store.delete(this.prefix + id, text));
  }

  /**
   * Changes a record, atomically.
   * @param change makes the new value of the one that is there; called again when somebody else was
   *   faster. The same object means no change; undefined removes it.
   * @param known what was read already; the store is asked when it is absent, or old
   * @returns what is stored afterwards
   */
  async change<R extends T | undefined>(
    id: string,
    change: (value: T | undefined) => R | Promise<R>,
    { ttlMs, known }: { ttlMs?: number; known?: ReadRecord<T> | undefined } = {},
  ): Promise<R> {
    let current = known ?? (await this.read(id));
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const next = await change(current?.value);
      if (next === current?.value || (await this.put(id, current, next, ttlMs))) return next;
      current = await this.read(id);
    }
    const key = this.prefix + id;
    throw new Error(`The record "${key}" was changed by others ${MOST_TRIES} times in a row.`);
  }

  private async put(
    id: string,
    current: ReadRecord<T> | undefined,
    next: T | undefined,
    ttlMs: number | undefined,
  ): Promise<boolean> {
    if (next !== undefined) return (await this.write(id, current?.text, next, ttlMs)) !== undefined;
    return current === undefined || this.delete(id, current);
  }

  private async write(
    id: string,
    expected: string | undefined,
    value: T,
    ttlMs: number | undefined,
  ): Promise<ReadRecord<T> | undefined> {
    const text = JSON.stringify(value);
    const key = this.prefix + id;
    const isDone = await this.changing(id, () =>
      this.engine.store.compareAndSet(key, expected, text, ttlMs),
    );
    return isDone ? { value, text } : undefined;
  }
}
