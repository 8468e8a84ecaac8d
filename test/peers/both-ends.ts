/**
 * Runs the contract suites against the lowest and the highest versions that the libraries' peer
 * ranges allow, each in a copy of the workspace: `npm run test:peers`, or `npm run test:peers --
 * lowest test/contract/jobs/enqueue.test.ts`.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';

type End = 'lowest' | 'highest';

interface Manifest {
  readonly version?: string;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

const ROOT = resolve(import.meta.dirname, '../..');
const ENDS: readonly End[] = ['lowest', 'highest'];

/** What is run when nothing is named. */
const SUITES = ['test/contract', '.seams.spec.ts'];

/** What the tests use, and applications install in the version of another package. */
const COMPANIONS: Readonly<Record<string, string>> = { '@nestjs/platform-express': '@nestjs/core' };

/** What is not part of a workspace that was just cloned. */
const LEFT_OUT = new Set(['node_modules', 'dist', 'coverage', '.git']);

const named = process.argv.slice(2);
const ends = ENDS.filter((end) => named.includes(end));
const suites = named.filter((name) => !ENDS.some((end) => end === name));
const results = (ends.length > 0 ? ends : ENDS).map((end) => runAt(end));
console.log(`\n${results.map(({ line }) => line).join('\n')}`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

function runAt(end: End): { readonly line: string; readonly passed: boolean } {
  const versions = versionsAt(end);
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  console.log(`\n=== ${end}: ${list.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), `nestjs-jobs-${end}-`));
  try {
    copyWorkspace(folder, versions);
    const passed =
      succeeds(folder, 'npm', ['install', '--no-audit', '--no-fund', '--loglevel=error']) &&
      areInstalled(folder, versions) &&
      succeeds(folder, 'npx', ['vitest', 'run', ...(suites.length > 0 ? suites : SUITES)]);
    return { line: `${end}: ${passed ? 'green' : 'RED'}: ${list.join(', ')}`, passed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function succeeds(cwd: string, command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { cwd, stdio: 'inherit' }).status === 0;
}

/** npm may prefer what is in the lock. */
function areInstalled(folder: string, versions: Readonly<Record<string, string>>): boolean {
  return Object.entries(versions).every(([name, expected]) => {
    const { version } = read(folder, `node_modules/${name}/package.json`);
    if (version !== expected) console.error(`${name}: expected ${expected}, got ${version}`);
    return version === expected;
  });
}

/** The version of each peer, and of what goes with it, at one end of its range. */
function versionsAt(end: End): Record<string, string> {
  const manifests = globSync('libs/*/package.json', { cwd: ROOT }).map((path) => read(ROOT, path));
  const ranges = Object.assign(
    {},
    ...manifests.map((manifest) => manifest.peerDependencies),
  ) as Record<string, string>;
  for (const [name, leader] of Object.entries(COMPANIONS)) ranges[name] = ranges[leader]!;
  return Object.fromEntries(
    Object.entries(ranges).map(([name, range]) => [name, versionAt(end, name, range)]),
  );
}

/** The lowest of a range with a caret is the one that it names. */
function versionAt(end: End, name: string, range: string): string {
  if (end === 'lowest') return range.replace('^', '');
  const answer = execFileSync('npm', ['view', `${name}@${range}`, 'version', '--json'], {
    encoding: 'utf8',
  });
  const versions = [JSON.parse(answer) as string | string[]].flat();
  // npm lists them in no order that it promises.
  return versions.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)!;
}

/** Sources and lock alone, so that all else is installed as it is here. */
function copyWorkspace(folder: string, versions: Readonly<Record<string, string>>): void {
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  const manifest = read(folder, 'package.json');
  const devDependencies = { ...manifest.devDependencies, ...versions };
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ ...manifest, devDependencies }, null, 2),
  );
}

function read(folder: string, path: string): Manifest {
  return JSON.parse(readFileSync(join(folder, path), 'utf8')) as Manifest;
}
