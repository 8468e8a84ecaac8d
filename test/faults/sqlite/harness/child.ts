import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { compilePrograms } from '../../harness/compiled-apps.js';

const TIMEOUT_MS = 15_000;
const OUTPUT_KEPT = 6_000;

/** Compiled once for a test file; later calls find the folder. */
let folder: string | undefined;

function programs(): string {
  folder ??= compilePrograms({
    libraries: ['bullmq-sqlite'],
    from: 'test/faults/sqlite',
    files: 'apps/*.ts',
    programs: ['crash-app', 'load-app', 'lock-holder', 'relay-app', 'store-app'],
  });
  return folder;
}

export interface ChildOptions {
  /** Runs it as another user, so that permissions bind it. */
  uid?: number;
}

/** A process that runs one of `apps/`: what it said is kept, in order. It ends with its test. */
export class Child<Told extends { type: string }, Order extends object = never> {
  readonly told: Told[] = [];
  readonly exited: Promise<unknown>;
  #output = '';
  #hasExited = false;
  readonly #process: ChildProcess;

  constructor(
    readonly program: string,
    config: object,
    { uid }: ChildOptions = {},
  ) {
    const root = programs();
    this.#process = fork(join(root, `${program}.js`), [JSON.stringify(config)], {
      silent: true,
      // The first stack of a process would have it read megabytes of maps.
      execArgv: process.env.FAULTS_VERBOSE ? ['--enable-source-maps'] : [],
      // Another user cannot write the cache of compiled code, and Node says so.
      env: { ...process.env, NODE_OPTIONS: '', NODE_COMPILE_CACHE: join(root, 'code-cache') },
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString()).slice(-OUTPUT_KEPT);
      if (process.env.FAULTS_VERBOSE) process.stderr.write(chunk);
    };
    this.#process.stdout!.on('data', keep);
    this.#process.stderr!.on('data', keep);
    this.#process.on('message', (message: Told) => this.told.push(message));
    this.exited = once(this.#process, 'exit').then((exit) => {
      this.#hasExited = true;
      return exit;
    });
    onTestFinished(() => this.kill());
  }

  get pid(): number {
    return this.#process.pid!;
  }

  order(order: Order): void {
    this.#process.send(order);
  }

  /** All that it said of one type. */
  of<Type extends Told['type']>(type: Type): Extract<Told, { type: Type }>[] {
    return this.told.filter((told): told is Extract<Told, { type: Type }> => told.type === type);
  }

  /** Resolves as soon as what it said so far satisfies a condition. */
  async until(what: string, condition: () => boolean, timeoutMs = TIMEOUT_MS): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (!condition()) {
      const message = once(this.#process, 'message', { signal });
      const ended = this.exited.then(() => 'exit' as const);
      const event = await Promise.race([message.catch(() => 'timeout' as const), ended]);
      if (condition()) return;
      if (event === 'timeout') throw new Error(`${what}: not in time. ${this.description}`);
      if (event === 'exit') throw new Error(`${what}: the process ended. ${this.description}`);
    }
  }

  async kill(): Promise<void> {
    if (!this.#hasExited) this.#process.kill('SIGKILL');
    await this.exited;
  }

  private get description(): string {
    const last = this.told.slice(-20).map((told) => JSON.stringify(told));
    return `It said ${last.join('\n')}\nand printed ${this.#output}`;
  }
}
