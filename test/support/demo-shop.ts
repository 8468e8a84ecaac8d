import { type ChildProcess, execFile, type ExecFileException, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const APP = join(ROOT, 'dist/apps/demo');

/** Whether `npm run build` has made the demo's programs; `npm test` does so. */
export const DEMO_IS_BUILT = existsSync(join(APP, 'drive.js'));

/** Why tests of the programs are skipped otherwise. */
export const DEMO_NOT_BUILT = 'the demo is not built (npm run build)';

/** A drive takes some seconds, but on a machine with other work. */
export const DRIVE_TIMEOUT_MS = 60_000;

/** How a program ended, and all that it printed. */
export interface DemoRun {
  exitCode: number;
  output: string;
}

/**
 * Starts the shop as `npm start` does in a folder, with nothing set but the port. The caller ends
 * it.
 */
export async function startDemo(folder: string): Promise<{ shop: ChildProcess; url: string }> {
  const env = { ...process.env, NODE_OPTIONS: '', JOBS_URL: '', SMTP_URL: '', PORT: '0' };
  const shop = spawn(process.execPath, [join(APP, 'main.js')], { cwd: folder, env });
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

/** Runs a built program of the demo; its standard output comes before its errors. */
export function runDemo(file: string, env: NodeJS.ProcessEnv): Promise<DemoRun> {
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
