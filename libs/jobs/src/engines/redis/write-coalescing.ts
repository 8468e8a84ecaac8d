import type { Redis } from 'ioredis';
import type { Socket } from 'node:net';

const coalesced = new WeakSet<Socket>();

/**
 * Lets commands that are sent in one turn of the event loop leave in one write. With 32 jobs at once,
 * a system call for each command is the largest single cost of a job.
 *
 * Only the writing changes: commands stay single commands, in order, each with its own reply. (ioredis'
 * auto-pipelining also saves writes, but its pipelines are not sent again after a reconnect.)
 * @internal
 */
export function coalesceWrites(client: Redis): void {
  const apply = (): void => {
    const { stream } = client as unknown as { stream: Socket | undefined };
    if (stream !== undefined) coalesceWritesOf(stream);
  };
  apply();
  client.on('connect', apply);
}

function coalesceWritesOf(socket: Socket): void {
  if (coalesced.has(socket)) return;
  coalesced.add(socket);
  const write = socket.write.bind(socket) as (...parts: unknown[]) => boolean;
  let isCorked = false;
  const uncork = (): void => {
    isCorked = false;
    socket.uncork();
  };
  socket.write = (...parts: unknown[]) => {
    if (!isCorked) {
      isCorked = true;
      socket.cork();
      // After the microtasks of this turn, which is where jobs that just ended send their next command.
      process.nextTick(uncork);
    }
    return write(...parts);
  };
}
