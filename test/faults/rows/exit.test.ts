import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { type EngineFixture, describeEngines, placeOn } from '../../support/engines.js';
import { compileApps } from '../harness/compiled-apps.js';

/** A process that something keeps would never end. */
const PATIENCE_MS = 15_000;

const WAYS: readonly (readonly [way: string, told: readonly string[]])[] = [
  ['failed boot', ['left']],
  ['two stores', ['left']],
  ['producer without close', ['waiting', 'left']],
];

async function leave(way: string, connection: unknown, engine: EngineFixture) {
  const isolation = engine.isolation();
  const options = { ...placeOn(engine.connection, isolation), connection };
  const program = join(compileApps(), 'exit-app.js');
  const child = fork(program, [way, JSON.stringify(options)], { stdio: 'ignore' });
  const told: unknown[] = [];
  child.on('message', (message) => told.push(message));
  const killer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(killer);
  await engine.cleanup(isolation);
  return { code, signal, told };
}

// The first file of a run compiles them.
beforeAll(() => void compileApps(), 90_000);

describeEngines('an application that nobody closed, and that runs no worker', (engine) => {
  it.each(WAYS)('lets its process end: %s', async (way, told) => {
    const left = await leave(way, engine.connection, engine);
    expect(left).toEqual({ code: 0, signal: null, told });
  });

  it('is kept by a worker that waits', async () => {
    const left = await leave('worker', engine.connection, engine);
    expect(left).toEqual({ code: 0, signal: null, told: ['left', 'ran'] });
  });

  if (engine.capabilities.sharedAcrossMachines) return;

  it.each(WAYS)('lets its process end with jobs in memory: %s', async (way, told) => {
    expect(await leave(way, ':memory:', engine)).toEqual({ code: 0, signal: null, told });
  });
});
