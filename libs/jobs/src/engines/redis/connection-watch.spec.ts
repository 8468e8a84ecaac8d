import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { watchConnection } from './connection-watch.js';
import { readNativesAgain } from '../../timers/index.js';

describe('watching a connection', () => {
  const client = {
    status: 'ready',
    ping: vi.fn<() => Promise<string>>(),
    disconnect: vi.fn<(reconnect: boolean) => void>(),
  };
  let stop: () => void;

  beforeEach(() => {
    vi.useFakeTimers();
    readNativesAgain();
    client.status = 'ready';
    client.ping.mockReset().mockResolvedValue('PONG');
    client.disconnect.mockReset();
    stop = watchConnection(client as unknown as Redis);
  });

  afterEach(() => {
    stop();
    vi.useRealTimers();
    readNativesAgain();
  });

  it('leaves one that answers alone', async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.ping).toHaveBeenCalledTimes(12);
    expect(client.disconnect).not.toHaveBeenCalled();
  });

  it('connects anew when no answer comes, again and again', async () => {
    client.ping.mockReturnValue(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(15_000);
    expect(client.disconnect).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(client.disconnect.mock.calls).toEqual([[true]]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.disconnect).toHaveBeenCalledTimes(2);
  });

  it('does not count the time in which there is no connection', async () => {
    client.ping.mockReturnValue(new Promise(() => undefined));
    await vi.advanceTimersByTimeAsync(15_000);
    client.status = 'reconnecting';
    await vi.advanceTimersByTimeAsync(30_000);
    expect(client.disconnect).not.toHaveBeenCalled();
  });

  it('takes a refusal for an answer, and stops when told', async () => {
    client.ping.mockRejectedValue(new Error('NOPERM'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.disconnect).not.toHaveBeenCalled();
    stop();
    client.ping.mockClear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.ping).not.toHaveBeenCalled();
  });
});
