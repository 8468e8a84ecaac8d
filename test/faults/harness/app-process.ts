import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compileApps } from './compiled-apps.js';
import { ledgerNow } from './ledger.js';
import type { AppCommands, AppConfig, ChildMessage, CommandMessage } from './protocol.js';

const READY_TIMEOUT_MS = 30_000;
const OUTPUT_KEPT = 6_000;

/** A line that Nest's logger wrote for somebody to look at. */
const IS_COMPLAINT = /^\[Nest\].* (WARN|ERROR) /;

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  at: number;
}

export interface AppProcessOptions {
  /** How wrong the clock of the process is. Default 0. */
  clockShiftMs?: number;
  /** Whether the application runs with the last release of the library. Default false. */
  released?: boolean;
}

/** An application in a process of its own. */
export class AppProcess {
  readonly exited: Promise<Exit>;
  exit: Exit | undefined;
  /** Set before a death that the test wants; any other one fails the row. */
  mayDie = false;
  /** What it has printed at level warn and error. */
  readonly complaints: string[] = [];
  private output = '';
  private calls = 0;
  private readonly open = new Map<
    number,
    { resolve: (answer: unknown) => void; reject: (error: Error) => void }
  >();

  private constructor(private readonly child: ChildProcess) {
    const keep = (chunk: Buffer): void => {
      const text = chunk.toString();
      this.output = (this.output + text).slice(-OUTPUT_KEPT);
      // Its lines are written whole, each at once.
      this.complaints.push(...text.split('\n').filter((line) => IS_COMPLAINT.test(line)));
      if (process.env.FAULTS_VERBOSE) process.stderr.write(chunk);
    };
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
    child.on('message', (message: ChildMessage) => this.hear(message));
    this.exited = once(child, 'exit').then(([code, signal]) => {
      this.exit = {
        code: code as number | null,
        signal: signal as NodeJS.Signals,
        at: ledgerNow(),
      };
      const error = new Error(`process ${this.pid} is gone: ${this.description}`);
      for (const { reject } of this.open.values()) reject(error);
      this.open.clear();
      return this.exit;
    });
  }

  /** Resolves when the application has started. */
  static async start(config: AppConfig, options: AppProcessOptions = {}): Promise<AppProcess> {
    const app = AppProcess.fork(config, options);
    await app.ready();
    return app;
  }

  /** Forks and does not wait. */
  static fork(config: AppConfig, { clockShiftMs, released }: AppProcessOptions = {}): AppProcess {
    const folder = compileApps(released);
    const shift = clockShiftMs === undefined ? [] : ['--import', join(folder, 'clock-shift.js')];
    const child = fork(join(folder, 'fault-app.js'), [JSON.stringify(config)], {
      silent: true,
      // The conditions and loaders of the tests must not leak into the application.
      execArgv: [...(process.env.FAULTS_VERBOSE ? ['--enable-source-maps'] : []), ...shift],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        NODE_COMPILE_CACHE: join(folder, 'code-cache'),
        FAULTS_CLOCK_SHIFT_MS: String(clockShiftMs ?? 0),
      },
    });
    return new AppProcess(child);
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** How it ended, and what it printed last. */
  get description(): string {
    const { exit } = this;
    const end = exit ? `ended with ${exit.signal ?? `code ${exit.code}`}` : 'still runs';
    return `${end}; it printed:\n${this.output}`;
  }

  async ready(): Promise<void> {
    const deadline = AbortSignal.timeout(READY_TIMEOUT_MS);
    const message = once(this.child, 'message', { signal: deadline });
    await Promise.race([
      message.catch(() => {
        throw new Error(`process ${this.pid} was not ready in time: ${this.description}`);
      }),
      this.exited.then(() => {
        throw new Error(`process ${this.pid} did not start: ${this.description}`);
      }),
    ]);
  }

  /** Asks the application something. Rejects when it throws, and when the process ends. */
  call<C extends keyof AppCommands>(
    command: C,
    request: AppCommands[C][0],
  ): Promise<AppCommands[C][1]> {
    const call = ++this.calls;
    const message: CommandMessage = { call, command, request };
    return new Promise((resolve, reject) => {
      this.open.set(call, { resolve: resolve as (answer: unknown) => void, reject });
      this.child.send(message, (error) => {
        if (error && this.open.delete(call)) reject(error);
      });
    });
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Has the process end as a deploy does, and waits for that. */
  async stop(): Promise<Exit> {
    this.mayDie = true;
    this.child.kill('SIGTERM');
    return this.exited;
  }

  /** Ends the process, stopped or not, and waits for that. Safe to call twice. */
  async kill(): Promise<Exit> {
    this.mayDie = true;
    this.child.kill('SIGKILL');
    return this.exited;
  }

  private hear(message: ChildMessage): void {
    if ('ready' in message) return;
    const waiting = this.open.get(message.call);
    this.open.delete(message.call);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.answer);
  }
}
