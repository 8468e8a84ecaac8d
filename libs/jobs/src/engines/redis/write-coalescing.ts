import type { Redis } from 'ioredis';
import type { Socket } from 'node:net';

/**
 * Commands that leave in one write, at most. A system call for each command is the largest single cost
 * of a job; but if all that became ready in a turn left together, the server would wait for this
 * process and then this process for the server, instead of working side by side.
 */
const COMMANDS_A_WRITE = 3;

const coalesced = new WeakSet<Socket>();

/**
 * Lets commands that are sent in one turn of the event loop leave in fewer writes.
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
  let held = 0;
  let isFlushDue = false;
  const flush = (): void => {
    if (held === 0) return;
    held = 0;
    socket.uncork();
  };
  socket.write = (...parts: unknown[]) => {
    if (held === 0) socket.cork();
    held += 1;
    const isBelowMark = write(...parts);
    if (held === COMMANDS_A_WRITE) flush();
    if (held > 0 && !isFlushDue) {
      isFlushDue = true;
      // After the microtasks of this turn, which is where jobs that just ended send their next command.
      process.nextTick(() => {
        isFlushDue = false;
        flush();
      });
    }
    return isBelowMark;
  };
}
