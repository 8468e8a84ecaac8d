import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Sample } from '../scenarios/index.js';
import type { RoundReply, RoundRequest } from './messages.js';

/**
 * A contestant in a process of its own, so that what the compiler has learnt and the garbage of one
 * never slow down or speed up the other.
 */
export class ContestantProcess {
  private readonly child: ChildProcess = fork(new URL('contestant.main.js', import.meta.url), {
    execArgv: ['--expose-gc', '--enable-source-maps'],
  });

  /** Runs one round. @throws Error when the round fails or its process ends */
  async run(request: RoundRequest): Promise<Sample> {
    const given = new AbortController();
    const reply = once(this.child, 'message', { signal: given.signal });
    const exit = once(this.child, 'exit', { signal: given.signal });
    this.child.send(request);
    try {
      const [message] = await Promise.race([reply, exit.then(refuseExit)]);
      const answer = message as RoundReply;
      if ('error' in answer) throw new Error(`${describe(request)} failed: ${answer.error}`);
      return answer.sample;
    } finally {
      given.abort();
      await Promise.allSettled([reply, exit]);
    }
  }

  /** Ends the process and waits for it. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exit = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exit;
  }
}

function refuseExit([code, signal]: unknown[]): never {
  throw new Error(`a benchmark process ended by itself (${String(signal ?? code)})`);
}

function describe({ engine, scenario, contestant }: RoundRequest): string {
  return `${engine}/${scenario}/${contestant}`;
}
