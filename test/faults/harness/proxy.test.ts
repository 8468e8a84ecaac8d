import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { TcpProxy } from './proxy.js';

/** The modes as a client and a server see them. */
describe('proxy', () => {
  let proxy: TcpProxy;
  let received: string[];

  beforeEach(async () => {
    received = [];
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received.push(chunk.toString());
        socket.write(`echo ${chunk.toString()}`);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    proxy = await TcpProxy.start(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    onTestFinished(async () => {
      await proxy.stop();
      for (const socket of sockets) socket.destroy();
      server.close();
    });
  });

  it('passes both ways, and puts itself into a URL', async () => {
    const client = await open();

    expect(await ask(client, 'hello')).toBe('echo hello');
    expect(proxy.urlFor('redis://user:secret@example.com:6379/3')).toBe(
      `redis://user:secret@127.0.0.1:${proxy.port}/3`,
    );
  });

  it('drop resets old and new connections; pass heals', async () => {
    const old = await open();
    const oldEnd = errorOf(old);
    await proxy.setMode('drop');
    const fresh = connect(proxy.port, '127.0.0.1');

    expect(await oldEnd).toBe('ECONNRESET');
    expect(await errorOf(fresh)).toBe('ECONNRESET');
    await proxy.setMode('pass');
    expect(await ask(await open(), 'again')).toBe('echo again');
  });

  it('refuse resets old connections and refuses new ones; pass heals on the same port', async () => {
    const oldEnd = errorOf(await open());
    const { port } = proxy;
    await proxy.setMode('refuse');

    expect(await oldEnd).toBe('ECONNRESET');
    expect(await errorOf(connect(port, '127.0.0.1'))).toBe('ECONNREFUSED');
    await proxy.setMode('pass');
    expect(proxy.port).toBe(port);
    expect(await ask(await open(), 'again')).toBe('echo again');
  });

  it('black-hole accepts and answers nothing; such connections stay dead', async () => {
    const old = await open();
    await ask(old, 'before');
    await proxy.setMode('black-hole');
    const fresh = await open();
    old.write('lost');
    fresh.write('lost');
    await proxy.setMode('pass');
    const healed = await open();

    expect(await ask(healed, 'after')).toBe('echo after');
    expect(received).toEqual(['before', 'after']);
    expect([old.destroyed, fresh.destroyed]).toEqual([false, false]);
    expect(proxy.connections).toBe(3);
  });

  it('cutAnswer resets after the server has done its work', async () => {
    const client = await open();
    const cut = proxy.cutAnswer('refuse');
    const end = errorOf(client);
    client.write('do it');

    expect(await end).toBe('ECONNRESET');
    await cut;
    expect(received).toEqual(['do it']);
    expect(await errorOf(connect(proxy.port, '127.0.0.1'))).toBe('ECONNREFUSED');
    await proxy.setMode('pass');
    expect(await ask(await open(), 'again')).toBe('echo again');
  });

  async function open(): Promise<Socket> {
    const socket = connect(proxy.port, '127.0.0.1');
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return socket;
  }
});

async function ask(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

/** The code of the error that a connection ends with. */
function errorOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
    socket.once('close', () => resolve(undefined));
  });
}
