/**
 * Keeps what is built now as the release that the suite of upgrades runs beside the present
 * sources: of each library what runs, without sources and types. To be run when a version is
 * released, after `npm run build`:
 *
 *     node test/faults/upgrade/keep-release.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../../..');
const RELEASES = join(import.meta.dirname, 'releases');

/** The same bytes whoever packs. */
const SAME_BYTES = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
const LEFT_OUT = ['*.d.ts', '*.map', '*.tsbuildinfo'];

const commit = git('rev-parse', '--short=7', 'HEAD');

rmSync(RELEASES, { recursive: true, force: true });
mkdirSync(RELEASES);
for (const library of ['jobs', 'bullmq-sqlite']) {
  const folder = join(ROOT, 'libs', library);
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    name: string;
    version: string;
  };
  const file = join(RELEASES, `${name}-${version}-${commit}.tgz`);
  const excluded = LEFT_OUT.map((pattern) => `--exclude=${pattern}`);
  execFileSync('tar', [
    '-C',
    folder,
    ...SAME_BYTES,
    ...excluded,
    '-czf',
    file,
    'package.json',
    'dist',
  ]);
  console.log(file);
}

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
}
