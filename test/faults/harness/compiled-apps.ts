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
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';

const ROOT = resolve(import.meta.dirname, '../../..');
const CACHE = join(ROOT, 'node_modules/.cache/nestjs-jobs-faults');
const KEEP_MS = 24 * 3_600_000;

/**
 * The library under test. FAULTS_LIBRARY names another folder of sources: a copy with a fault put in
 * shows whether a row can fail.
 */
const LIBRARY = process.env.FAULTS_LIBRARY || 'libs/jobs/src';

/** What child programs are made of. */
export interface Programs {
  /** Where the files are, from the repository's folder or absolute, and where they go. */
  trees: readonly { from: string; to: string; files: string }[];
  /** The packages among them, each with `src/index.ts`. */
  packages: readonly string[];
}

const JOBS_APPS: Programs = {
  trees: [
    { from: LIBRARY, to: 'node_modules/nestjs-jobs/src', files: '**/*.ts' },
    { from: 'test/faults', to: 'faults', files: '{apps,harness}/*.ts' },
  ],
  packages: ['nestjs-jobs'],
};

/** Compiles the programs that use the library, and returns their folder. */
export function compileApps(): string {
  return join(compilePrograms(JOBS_APPS), 'faults/apps');
}

/**
 * Compiles child programs and the package under test, and returns the folder that holds their trees.
 *
 * Forked processes are plain Node: nothing transforms their sources, and Node's own type stripping
 * has no decorators. So the TypeScript compiler that also builds the packages translates each file
 * on its own (`isolatedModules`), with the repository's options, decorator metadata included. It is
 * the *sources* of the library that run, as in all other tests, so no stale `dist` is ever tested.
 *
 * The output lies under node_modules/.cache, where the packages of the repository are found, in a
 * folder named by a hash of all inputs: compiled once (about 2 s) and found again by later files
 * and runs. A finished folder appears by a rename, so workers that compile at once do not meet.
 */
export function compilePrograms({ trees, packages }: Programs): string {
  const sources = trees.flatMap(({ from, to, files }) =>
    globSync(files, { cwd: resolve(ROOT, from) })
      .filter((file) => !/\.(spec|test|d)\.ts$/.test(file))
      .map((file) => ({
        target: join(to, file.replace(/\.ts$/, '.js')),
        path: resolve(ROOT, from, file),
      })),
  ).map((source) => ({ ...source, text: readFileSync(source.path, 'utf8') }));
  const options = compilerOptions();
  const hash = createHash('sha256').update(JSON.stringify([sources, options, ts.version]));
  const folder = join(CACHE, hash.digest('hex').slice(0, 16));
  if (!existsSync(folder)) {
    removeOldFolders();
    build(folder, sources, packages, options);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}

function compilerOptions(): ts.CompilerOptions {
  const path = join(ROOT, 'tsconfig.json');
  const { config } = ts.readConfigFile(path, (file) => readFileSync(file, 'utf8')) as {
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

function build(
  folder: string,
  sources: readonly { target: string; path: string; text: string }[],
  packages: readonly string[],
  options: ts.CompilerOptions,
): void {
  const staging = `${folder}-${randomUUID()}`;
  for (const { target, path, text } of sources) {
    write(
      join(staging, target),
      ts.transpileModule(text, { compilerOptions: options, fileName: path }).outputText,
    );
  }
  write(join(staging, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const name of packages) {
    write(
      join(staging, `node_modules/${name}/package.json`),
      JSON.stringify({ name, type: 'module', exports: { '.': './src/index.js' } }),
    );
  }
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
