import { type ChildProcess, execFile, type ExecFileException, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { describeEngines } from '../support/engines.js';

/**
 * The demo, driven once from end to end on each engine, as `npm run demo` does. It checks its own
 * effects; here it is asked for its verdict.
 */
const ROOT = resolve(import.meta.dirname, '../..');
const APP = join(ROOT, 'dist/apps/demo');
const BUILT = existsSync(join(APP, 'drive.js'));

/** It takes some seconds, but on a machine with other work. */
const DRIVE_TIMEOUT_MS = 60_000;
const TIMEOUT_MS = DRIVE_TIMEOUT_MS + 10_000;

const NOT_BUILT = 'the demo is not built (npm run build)';

/** How a program ended, and all that it printed. */
interface Run {
  exitCode: number;
  output: string;
}

describeEngines('the demo', ({ capabilities, url }) => {
  it('does and shows all that it promises', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    // nestjs-pino has one root logger a process, so two shops in this one would share a log.
    skip(!BUILT && capabilities.sharedAcrossMachines, `${NOT_BUILT}, so one engine is run`);
    const { exitCode, output } = await drive({ JOBS_URL: url });
    expect(output).toContain('All was seen.');
    expect(output).not.toContain('MISSING');
    expect(exitCode).toBe(0);
  });
});

it(
  'the demo needs no server and no setting, and is driven while it runs',
  { timeout: TIMEOUT_MS },
  async ({ skip }) => {
    skip(!BUILT, NOT_BUILT);
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-demo-start-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { shop, url } = await start(folder);
    const { exitCode, output } = await run('drive.js', {
      DEMO_URL: url,
      DEMO_DATA: join(folder, 'data/demo'),
    });
    expect(output).toContain('All was seen.');
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, 'data/jobs.sqlite'))).toBe(true);
    shop.kill('SIGTERM');
    expect(await once(shop, 'exit')).toEqual([null, 'SIGTERM']);
  },
);

it('the demo says what is wrong with its store, and nothing else', async ({ skip }) => {
  skip(!BUILT, NOT_BUILT);
  const { exitCode, output } = await run('main.js', { JOBS_URL: 'mysql://127.0.0.1' });
  expect(output).toContain('got a URL with "mysql:"');
  expect(output).not.toContain('    at ');
  expect(exitCode).toBe(1);
});

/** As `npm start` does in a folder, with nothing set but the port. */
async function start(folder: string): Promise<{ shop: ChildProcess; url: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', JOBS_URL: '', SMTP_URL: '', PORT: '0' };
  const shop = spawn(process.execPath, [join(APP, 'main.js')], { cwd: folder, env });
  onTestFinished(() => void shop.kill('SIGKILL'));
  let printed = '';
  const url = await new Promise<string>((tell, fail) => {
    shop.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
      const found = /^The shop is at (\S+),/m.exec(printed)?.[1];
      if (found !== undefined) tell(found);
    });
    shop.once('exit', () => fail(new Error(`expected a shop that starts, got: ${printed}`)));
  });
  return { shop, url };
}

/** The built program when there is one (`npm test` builds it), else the sources in this process. */
async function drive(env: NodeJS.ProcessEnv): Promise<Run> {
  if (BUILT) return run('drive.js', env);
  const lines: string[] = [];
  const { driveDemo } = await import('../../apps/demo/src/drive/demo-drive.js');
  const exitCode = await driveDemo(env, (line) => lines.push(line));
  return { exitCode, output: lines.join('\n') };
}

/** Runs a built program; its standard output comes before its errors. */
async function run(file: string, env: NodeJS.ProcessEnv): Promise<Run> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [join(APP, file)],
      {
        cwd: ROOT,
        env: { ...process.env, NODE_OPTIONS: '', DEMO_URL: '', ...env },
        timeout: DRIVE_TIMEOUT_MS,
      },
      (error: ExecFileException | null, stdout, stderr) =>
        done({ exitCode: Number(error?.code ?? (error ? -1 : 0)), output: stdout + stderr }),
    );
  });
}
