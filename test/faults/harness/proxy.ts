import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * What a proxy does with connections.
 * - `pass`: forwards.
 * - `drop`: resets those that exist, accepts new ones and resets them at once.
 * - `black-hole`: keeps those that exist and accepts new ones, and answers nothing on either. The
 *   server's side stays open too, as behind a router that forgot them: they stay dead for good.
 * - `refuse`: resets those that exist; new ones are refused (nobody listens).
 */
export type ProxyMode = 'pass' | 'drop' | 'black-hole' | 'refuse';

interface Pair {
  client: Socket;
  upstream: Socket | undefined;
  /** Forwards nothing any more, in no direction. */
  dead: boolean;
}

/** A TCP proxy in front of a store, on a port of its own. */
export class TcpProxy {
  private readonly pairs = new Set<Pair>();
  private server: Server | undefined;
  private mode: ProxyMode = 'pass';
  private readonly cuts: { nextMode: ProxyMode | undefined; done: () => void }[] = [];
  private listenPort = 0;

  private constructor(private readonly target: { host: string; port: number }) {}

  /** Starts a proxy for the server of a URL, in mode `pass`. */
  static async start(url: string): Promise<TcpProxy> {
    const { hostname, port, protocol } = new URL(url);
    const usualPort = protocol.startsWith('redis') ? 6379 : 5432;
    const proxy = new TcpProxy({ host: hostname, port: Number(port || usualPort) });
    await proxy.listen();
    return proxy;
  }

  get port(): number {
    return this.listenPort;
  }

  /** How many connections of clients are open, dead ones included. */
  get connections(): number {
    return this.pairs.size;
  }

  /** The same URL, through this proxy. */
  urlFor(url: string): string {
    const through = new URL(url);
    through.hostname = '127.0.0.1';
    through.port = String(this.listenPort);
    return through.href;
  }

  async setMode(mode: ProxyMode): Promise<void> {
    this.mode = mode;
    if (mode === 'drop' || mode === 'refuse') this.reset();
    if (mode === 'black-hole') for (const pair of this.pairs) pair.dead = true;
    if (mode === 'refuse') await this.stopListening();
    else if (!this.server) await this.listen(this.listenPort);
  }

  /** Resets all connections now; new ones are treated by the mode. @returns how many */
  reset(): number {
    const count = this.pairs.size;
    for (const pair of this.pairs) this.cut(pair);
    return count;
  }

  /**
   * The worst kind of reset: the next answer of the server is swallowed and its connection reset,
   * so that the server has done what its client does not know of.
   * @param nextMode the mode from that moment on: the client finds no way to ask what happened
   * @returns resolves when an answer was cut
   */
  cutAnswer(nextMode?: ProxyMode): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.cuts.push({ nextMode, done: resolve });
    return promise;
  }

  async stop(): Promise<void> {
    this.reset();
    await this.stopListening();
  }

  private async listen(port = 0): Promise<void> {
    this.server = createServer((client) => this.accept(client)).listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.listenPort = (this.server.address() as AddressInfo).port;
  }

  private async stopListening(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server?.listening) return;
    const closed = once(server, 'close');
    server.close();
    // In 'black-hole' connections stay open; the port is free all the same.
    if (this.pairs.size === 0) await closed;
  }

  private accept(client: Socket): void {
    client.on('error', () => undefined);
    if (this.mode === 'drop') {
      client.resetAndDestroy();
      return;
    }
    const pair: Pair = { client, upstream: undefined, dead: this.mode === 'black-hole' };
    this.pairs.add(pair);
    if (pair.dead) {
      client.resume();
      client.once('close', () => this.pairs.delete(pair));
      return;
    }
    const upstream = connect(this.target);
    pair.upstream = upstream;
    upstream.on('error', () => undefined);
    forward(client, upstream, () => !pair.dead);
    forward(upstream, client, () => !pair.dead && !this.swallows(pair));
    client.once('close', () => {
      if (!pair.dead) upstream.destroy();
      this.pairs.delete(pair);
    });
    upstream.once('close', () => {
      if (!pair.dead) client.destroy();
    });
  }

  private swallows(pair: Pair): boolean {
    const cut = this.cuts.shift();
    if (!cut) return false;
    this.cut(pair);
    if (cut.nextMode === undefined) cut.done();
    else void this.setMode(cut.nextMode).then(cut.done);
    return true;
  }

  private cut(pair: Pair): void {
    pair.client.resetAndDestroy();
    // Not at the same instant: what was sent to the server is still to be read and done by it.
    pair.upstream?.end();
    this.pairs.delete(pair);
  }
}

function forward(from: Socket, to: Socket, isAllowed: () => boolean): void {
  from.on('data', (chunk) => {
    if (!isAllowed() || to.destroyed) return;
    if (to.write(chunk)) return;
    from.pause();
    to.once('drain', () => from.resume());
  });
  from.once('end', () => {
    if (isAllowed()) to.end();
  });
}
