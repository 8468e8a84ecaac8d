import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { StoreAppConfig, StoreOrder, StoreTold, ToldJob } from '../apps/store-app.protocol.js';
import { Child, type ChildOptions } from './child.js';

/** A folder that goes with its test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-faults-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Gives a folder to another user. */
export function giveTo(uid: number, folder: string): void {
  chmodSync(folder, 0o700);
  chownSync(folder, uid, uid);
}

/** One process with a queue and a worker on one file, which the test harms. */
export class StoreRow {
  readonly app: Child<StoreTold, StoreOrder>;

  constructor(
    readonly path: string,
    config: Omit<StoreAppConfig, 'path'> = {},
    options: ChildOptions = {},
  ) {
    this.app = new Child('store-app', { path, ...config }, options);
  }

  /** Adds jobs; resolves when they are stored, and run if they don't hold. */
  async run(...ids: string[]): Promise<void> {
    this.app.order({ do: 'add', ids });
    await this.completed(...ids);
  }

  /** Adds jobs whose handlers have started and don't return before `release`. */
  async hold(...ids: string[]): Promise<void> {
    this.app.order({ do: 'add', ids, hold: true });
    await this.app.until(`${ids.join()} started`, () => ids.every((id) => this.starts(id) === 1));
  }

  release(): void {
    this.app.order({ do: 'release' });
  }

  async completed(...ids: string[]): Promise<void> {
    const isCompleted = (id: string) => this.app.of('completed').some((told) => told.id === id);
    await this.app.until(`${ids.join()} completed`, () => ids.every(isCompleted));
  }

  /** Resolves when the worker has told an error of this name; it must tell the file. */
  async error(name: string): Promise<void> {
    const errors = () => this.app.of('error').filter(({ error }) => error.name === name);
    await this.app.until(`an error ${name}`, () => errors().length > 0);
    for (const { error } of errors()) this.expectNamed(error);
  }

  /** Tries to add a job, which must be refused with an error of this name. */
  async refused(id: string, name: string): Promise<void> {
    this.app.order({ do: 'add', ids: [id] });
    const refusal = () => this.app.of('refused').find((told) => told.id === id);
    await this.app.until(`${id} refused`, () => refusal() !== undefined);
    expect(refusal()!.error.name).toBe(name);
    this.expectNamed(refusal()!.error);
  }

  starts(id: string): number {
    return this.app.of('started').filter((told) => told.id === id).length;
  }

  async inspect(...ids: string[]): Promise<ToldJob[]> {
    const answers = this.app.of('jobs').length;
    this.app.order({ do: 'inspect', ids });
    await this.app.until('an inspection', () => this.app.of('jobs').length > answers);
    return this.app.of('jobs').at(-1)!.jobs;
  }

  private expectNamed(error: { path?: string | undefined; message: string }): void {
    expect(error.path).toBe(this.path);
    expect(error.message).toContain(this.path);
  }
}

/** These ran once, were stored as completed, and nothing was ever stored as failed. */
export async function expectCompletedOnce(row: StoreRow, ...ids: string[]): Promise<void> {
  expect(row.app.of('failed')).toEqual([]);
  expect(ids.map((id) => [id, row.starts(id)])).toEqual(ids.map((id) => [id, 1]));
  expect(await row.inspect(...ids)).toEqual(
    ids.map((id) => ({ id, state: 'completed', attemptsMade: 1, failedReason: undefined })),
  );
}

/** A worker that can't reach its file must not do nothing else than ask for it. */
export function expectFewErrors(row: StoreRow): void {
  const errors = row.app.of('error');
  const seconds = ((errors.at(-1)?.at ?? 0) - (errors[0]?.at ?? 0)) / 1_000;
  expect(errors.length).toBeLessThan(10 + seconds * 10);
}
