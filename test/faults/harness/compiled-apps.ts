import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type typescript from 'typescript';

const ROOT = resolve(import.meta.dirname, '../../..');
const TSCONFIG = join(ROOT, 'tsconfig.json');
const CACHE = join(ROOT, 'node_modules/.cache/nestjs-jobs-faults');
const BUNDLER = join(import.meta.dirname, 'bundle-programs.ts');
const BUNDLED = 'bundled';
const KEEP_MS = 24 * 3_600_000;

/**
 * The sources of the libraries under test. FAULTS_LIBRARY and FAULTS_SQLITE_LIBRARY name other
 * folders: a copy with a fault put in shows whether a row can fail.
 */
const LIBRARIES = {
  'nestjs-jobs': process.env.FAULTS_LIBRARY || 'libs/jobs/src',
  'bullmq-sqlite': process.env.FAULTS_SQLITE_LIBRARY || 'libs/bullmq-sqlite/src',
} as const;

/** The libraries as they were released last, packed: see upgrade/keep-release.ts. */
const RELEASES = join(import.meta.dirname, '../upgrade/releases');

/** What child programs are made of. */
export interface Programs {
  /** The libraries that they use. */
  libraries: readonly (keyof typeof LIBRARIES)[];
  /** Whether they use the last release of these, and not the sources. Default false. */
  released?: boolean;
  /** Where their own files are, from the repository's folder; they go to `faults/`. */
  from: string;
  files: string;
  /** Those in `apps/` that are started. */
  programs: readonly string[];
}

interface Source {
  target: string;
  path: string;
  text: string;
}

const JOBS_APPS: Programs = {
  libraries: ['nestjs-jobs', 'bullmq-sqlite'],
  from: 'test/faults',
  files: '{apps,harness}/*.ts',
  programs: ['fault-app', 'clock-shift', 'exit-app'],
};

const apps = new Map<boolean, string>();

/**
 * Compiles the programs that use the library, and returns their folder.
 * @param released whether with the last release of it
 */
export function compileApps(released = false): string {
  const folder = apps.get(released) ?? compilePrograms({ ...JOBS_APPS, released });
  apps.set(released, folder);
  return folder;
}

/**
 * Compiles child programs and the libraries under test, and returns the folder that holds the
 * programs.
 *
 * Forked processes are plain Node: nothing transforms their sources, and Node's own type stripping
 * has no decorators. So the TypeScript compiler that also builds the packages translates each file
 * on its own (`isolatedModules`), with the repository's options, decorator metadata included, and
 * they are bundled. It is the *sources* of the libraries that run, as in all other tests, so no
 * stale `dist` is ever tested.
 *
 * The output lies under node_modules/.cache, where the packages of the repository are found, in a
 * folder named by a hash of all inputs: compiled once (about 2 s) and found again by later files
 * and runs. A finished folder appears by a rename, so workers that compile at once do not meet.
 */
export function compilePrograms(all: Programs): string {
  const { libraries, released = false, from, files, programs } = all;
  const packed = released ? libraries.map(packedLibrary) : [];
  const own = released ? [] : libraries;
  const sources = [
    ...own.flatMap((name) => read(LIBRARIES[name], '**/*.ts', `node_modules/${name}/src`)),
    ...read(from, files, 'faults'),
  ];
  const inputs = [sources, packed.map(({ file }) => file), ...compilerInputs()];
  const hash = createHash('sha256').update(JSON.stringify(inputs));
  const folder = join(CACHE, hash.digest('hex').slice(0, 16));
  if (!existsSync(folder)) {
    removeOldFolders();
    build(folder, { sources, own, packed, programs });
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return join(folder, BUNDLED);
}

/**
 * What else decides what is compiled. The compiler itself takes long to load, and is not needed to
 * know it.
 */
function compilerInputs(): string[] {
  const { resolve: find } = createRequire(import.meta.url);
  const tools = [find('typescript/package.json'), find('rolldown/package.json')];
  const inputs = [TSCONFIG, BUNDLER, import.meta.filename, ...tools];
  return inputs.map((path) => readFileSync(path, 'utf8'));
}

function compilerOptions(ts: typeof typescript): typescript.CompilerOptions {
  const { config } = ts.readConfigFile(TSCONFIG, (file) => readFileSync(file, 'utf8')) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
  return {
    ...options,
    noEmit: false,
    inlineSourceMap: true,
    inlineSources: true,
    // What "nodenext" means for our packages; a lone file has no package.json to find that out by.
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
  };
}

/** @param from from the repository's folder, or absolute */
function read(from: string, files: string, to: string): Source[] {
  return globSync(files, { cwd: resolve(ROOT, from) })
    .filter((file) => !/\.(spec|test|d)\.ts$/.test(file))
    .map((file) => {
      const path = resolve(ROOT, from, file);
      const target = join(to, file.replace(/\.ts$/, '.js'));
      return { target, path, text: readFileSync(path, 'utf8') };
    });
}

interface Packed {
  name: string;
  /** Its name tells the version and the commit. */
  file: string;
}

function packedLibrary(name: string): Packed {
  const [file, ...others] = globSync(`${name}-[0-9]*.tgz`, { cwd: RELEASES });
  if (file !== undefined && others.length === 0) return { name, file };
  throw new Error(`expected one packed ${name} in ${RELEASES}: npm run keep-release makes it`);
}

interface BuildParts {
  sources: readonly Source[];
  /** The libraries whose sources these are. */
  own: readonly string[];
  packed: readonly Packed[];
  programs: readonly string[];
}

function build(folder: string, { sources, own, packed, programs }: BuildParts): void {
  const staging = `${folder}-${randomUUID()}`;
  const ts = createRequire(import.meta.url)('typescript') as typeof typescript;
  const options = compilerOptions(ts);
  for (const { target, path, text } of sources) {
    write(
      join(staging, target),
      ts.transpileModule(text, { compilerOptions: options, fileName: path }).outputText,
    );
  }
  write(join(staging, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const { name, file } of packed) {
    const target = join(staging, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['-xzf', join(RELEASES, file), '-C', target]);
  }
  for (const name of own) {
    write(
      join(staging, `node_modules/${name}/package.json`),
      JSON.stringify({ name, type: 'module', exports: { '.': './src/index.js' } }),
    );
  }
  const started = programs.map((program) => `faults/apps/${program}.js`);
  // Of its own options, and not those of the tests.
  const env = { ...process.env, NODE_OPTIONS: '' };
  execFileSync(process.execPath, [BUNDLER, staging, join(staging, BUNDLED), ...started], { env });
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Those of older sources; not those of a run that may be going on. */
function removeOldFolders(): void {
  if (!existsSync(CACHE)) return;
  for (const name of readdirSync(CACHE)) {
    const path = join(CACHE, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > KEEP_MS) rmSync(path, { recursive: true, force: true });
  }
}
