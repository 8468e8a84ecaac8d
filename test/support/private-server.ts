import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The account a server runs as; absent: the current one. */
export interface Account {
  uid: number;
  gid: number;
}

/** How one kind of server is started and recognised as ready. */
export interface ServerRecipe {
  /** Used in messages and in the name of the temporary folder. */
  name: string;
  binary: string;
  arguments(folder: string, port: number): string[];
  /** Creates the data folder; runs once. */
  prepare?(folder: string): void;
  /** Resolves when the server answers, rejects when it does not (yet). */
  ping(port: number): Promise<void>;
  /** Signal of an orderly stop. */
  stopSignal: NodeJS.Signals;
  account?: Account;
}

const READY_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 10_000;

/**
 * A server process of one's own: on a free port, in a temporary folder.
 *
 * Nothing of it outlives the test process: a small shell holds a pipe to us, and when the pipe
 * closes (even by SIGKILL) it kills the server and removes the folder.
 */
export class PrivateServer {
  private child: ChildProcess | undefined;
  private log = '';

  private constructor(
    private readonly recipe: ServerRecipe,
    private readonly folder: string,
    private readonly reaper: ChildProcess,
    private currentPort: number,
  ) {}

  /** Starts a server and resolves once it answers. */
  static async start(recipe: ServerRecipe): Promise<PrivateServer> {
    const folder = mkdtempSync(join(tmpdir(), `nestjs-jobs-${recipe.name}-`));
    if (recipe.account) chownSync(folder, recipe.account.uid, recipe.account.gid);
    const server = new PrivateServer(recipe, folder, startReaper(folder), 0);
    try {
      recipe.prepare?.(folder);
      await server.launchOnFreePort();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  get port(): number {
    return this.currentPort;
  }

  /** Whether the process is alive; says nothing about whether it answers. */
  get running(): boolean {
    return this.child !== undefined && !hasExited(this.child);
  }

  /** Sends a signal; resolves when the process is gone, at once for SIGSTOP and SIGCONT. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (!child || hasExited(child)) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') return;
    const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited.finally(() => clearTimeout(force));
  }

  /** Starts again on the same data and port; an orderly stop first if it still runs. */
  async restart(): Promise<void> {
    await this.kill(this.recipe.stopSignal);
    await this.launch();
  }

  /** Ends the server and removes its data. Safe to call twice. */
  async stop(): Promise<void> {
    await this.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    this.reaper.kill('SIGKILL');
  }

  private async launchOnFreePort(): Promise<void> {
    // Another process may take the port between the probe and the start: try again.
    for (let attempt = 1; ; attempt++) {
      this.currentPort = await freePort();
      try {
        return await this.launch();
      } catch (error) {
        if (attempt === 3 || !/in use/i.test(this.log)) throw error;
      }
    }
  }

  private async launch(): Promise<void> {
    const { recipe, folder, port } = this;
    this.log = '';
    const child = spawn(recipe.binary, recipe.arguments(folder, port), {
      cwd: folder,
      // Its own group: Ctrl-C must reach the tests first, which then stop it in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...recipe.account,
    });
    const keepLog = (chunk: Buffer): void => {
      this.log = (this.log + chunk.toString()).slice(-4_000);
    };
    child.stdout.on('data', keepLog);
    child.stderr.on('data', keepLog);
    let failure: Error | undefined;
    child.once('error', (error) => (failure = error));
    if (child.pid !== undefined) writeFileSync(join(folder, 'reap.pid'), String(child.pid));
    this.child = child;

    const deadline = Date.now() + READY_TIMEOUT_MS;
    let lastError: unknown;
    while (Date.now() < deadline && !failure && !hasExited(child)) {
      try {
        return await recipe.ping(port);
      } catch (error) {
        lastError = error;
        await delay(25);
      }
    }
    await this.kill('SIGKILL');
    const reason = failure ?? lastError;
    throw new Error(
      `${recipe.name} did not answer on port ${port}: ${String(reason)}\n${this.log}`,
    );
  }
}

/** Absolute path of a program on PATH or in one of the extra folders, or undefined. */
export function findBinary(name: string, extraFolders: string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...extraFolders];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/** Runs a program to its end and throws with its output when it fails. */
export function runToEnd(binary: string, args: string[], account?: Account, cwd?: string): void {
  const result = spawnSync(binary, args, { encoding: 'utf8', cwd, ...account });
  if (result.error) throw result.error;
  if (result.status !== 0) {
    throw new Error(`${binary} ended with ${result.status}: ${result.stdout}${result.stderr}`);
  }
}

/** A TCP port of 127.0.0.1 that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function startReaper(folder: string): ChildProcess {
  const script = 'cat >/dev/null; kill -9 "$(cat "$1/reap.pid")"; sleep 1; rm -rf "$1"';
  const reaper = spawn('sh', ['-c', script, 'reaper', folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Neither the process nor its pipe may keep the tests alive.
  reaper.unref();
  (reaper.stdin as unknown as { unref(): void }).unref();
  return reaper;
}

function hasExited(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
