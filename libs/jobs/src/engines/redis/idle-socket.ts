import type { Redis } from 'ioredis';

/** What is used of ioredis' own parts. */
interface Parts {
  readonly stream?: Refable;
  readonly reconnectTimeout?: Refable | null;
  readonly commandQueue: { readonly length: number };
  readonly offlineQueue: { readonly length: number };
  sendCommand: (...call: Parameters<Redis['sendCommand']>) => unknown;
}

interface Refable {
  ref(): unknown;
  unref(): unknown;
  on?(event: 'data', listener: () => void): unknown;
}

/**
 * Lets the process end while a connection waits for nothing: its socket holds the process from a
 * command to its reply. So does a worker that waits for jobs, but not a process that enqueued
 * something, or that failed to boot.
 * @internal
 */
export function letGoWhenIdle(client: Redis): void {
  const parts = client as unknown as Parts;
  let isHeld = true;
  const letGo = (): void => {
    if (parts.commandQueue.length > 0 || parts.offlineQueue.length > 0) return;
    isHeld = false;
    parts.stream?.unref();
    parts.reconnectTimeout?.unref();
  };
  const hold = (): void => {
    isHeld = true;
    parts.stream?.ref();
    parts.reconnectTimeout?.ref();
  };
  const send = parts.sendCommand;
  parts.sendCommand = (...call) => {
    if (!isHeld) hold();
    return send.apply(client, call);
  };
  client.on('connect', () => {
    isHeld = true;
    // Later than ioredis' own listener, which takes the answered commands from the queue.
    parts.stream?.on?.('data', letGo);
  });
  client.on('ready', letGo);
  client.on('reconnecting', letGo);
}
