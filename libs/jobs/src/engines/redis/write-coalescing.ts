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
    const inside = client as unknown as Inside;
    if (inside.stream !== undefined) coalesceWritesOf(inside.stream, inside);
  };
  apply();
  client.on('connect', apply);
}

/** What ioredis keeps of a connection: its socket, and the commands that have no reply yet. */
interface Inside {
  readonly stream: Socket | undefined;
  readonly commandQueue: { readonly length: number };
}

function coalesceWritesOf(socket: Socket, client: Inside): void {
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
    // A lone command has nothing to share a write with.
    if (held === 0 && client.commandQueue.length < 2) return write(...parts);
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
