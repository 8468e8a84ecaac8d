import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The repository's root folder. */
export const ROOT = resolve(import.meta.dirname, '../..');

/** The parts of a package.json that decide what an app gets. */
export interface Manifest {
  name: string;
  version: string;
  type?: string;
  exports?: Record<string, unknown>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

/** Packs a library's folder as `npm publish` would; returns the tarball's path. */
export async function pack(library: string, destination: string): Promise<string> {
  const { stdout } = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
    { cwd: join(ROOT, 'libs', library) },
  );
  // An array up to npm 11, an object by package name after it.
  const report = JSON.parse(stdout) as Record<string, { filename: string }>;
  const [entry] = Object.values(report);
  if (!entry) throw new Error(`npm pack reported no file: ${stdout}`);
  return join(destination, entry.filename);
}

/**
 * A fresh app in a temporary folder whose node_modules hold packed libraries and what they declare,
 * nothing more: an import that a library forgot to declare fails, and so does one of an optional
 * peer that is not loaded lazily. The declared packages are links to the repository's installed
 * ones.
 */
export class PackedApp {
  private constructor(readonly folder: string) {}

  /** `extra`: packages that the app itself depends on, by name. */
  static async create(tarballs: string[], extra: string[] = []): Promise<PackedApp> {
    const app = new PackedApp(mkdtempSync(join(tmpdir(), 'nestjs-jobs-app-')));
    const installed = new Set<string>();
    const wanted = new Set(extra);
    for (const tarball of tarballs) {
      const manifest = await app.extract(tarball);
      installed.add(manifest.name);
      for (const name of requiredPackages(manifest)) wanted.add(name);
    }
    for (const name of wanted) if (!installed.has(name)) app.link(name);
    return app;
  }

  /** Writes a file and runs it with this Node; returns what it printed. */
  async run(file: string, source: string, nodeOptions: string[] = []): Promise<string> {
    const path = join(this.folder, file);
    writeFileSync(path, source);
    const { stdout } = await run(process.execPath, [...nodeOptions, path], {
      cwd: this.folder,
      timeout: 15_000,
      // The tests' own conditions and loaders must not leak into the app.
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    return stdout.trim();
  }

  /** Removes the app. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async extract(tarball: string): Promise<Manifest> {
    const staging = mkdtempSync(join(this.folder, 'tarball-'));
    await run('tar', ['-xzf', tarball, '-C', staging]);
    const { name } = readManifest(join(staging, 'package'));
    const target = join(this.folder, 'node_modules', name);
    mkdirSync(target, { recursive: true });
    await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1']);
    rmSync(staging, { recursive: true });
    return readManifest(target);
  }

  private link(name: string): void {
    const target = join(this.folder, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(realpathSync(join(ROOT, 'node_modules', name)), target, 'dir');
  }
}

/** Reads the package.json of a folder. */
export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function requiredPackages(manifest: Manifest): string[] {
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (name) => !manifest.peerDependenciesMeta?.[name]?.optional,
  );
  return [...Object.keys(manifest.dependencies ?? {}), ...peers];
}
