import { posix } from 'node:path';
import { importsOf, starExportsOf } from './source-imports.js';

/** What one library may import. */
export interface LibraryRules {
  /** Its package name. */
  name: string;
  /** Its sources, e.g. `libs/jobs/src`. */
  source: string;
  /** Names under which others may import it: its "exports". */
  entries: string[];
  /** Other libraries of this repository that it may import. */
  mayImport: string[];
  /** Packages it must not import, by the start of their name. */
  forbidden?: string[];
  /** The same for some of its folders. */
  forbiddenIn?: Record<string, string[]>;
  /**
   * Folders (or root files, without `.ts`) of its source, lowest layer first; `room/below` for one
   * inside another. A folder may import itself and every lower layer, but neither a neighbour in
   * its own layer nor a higher one.
   */
  layers?: string[][];
}

/** The whole rule table. */
export interface ImportRules {
  libraries: LibraryRules[];
  /** Longest allowed library file, in lines. */
  maxLines: number;
}

/** Sources by their path from the repository's root. */
export type Sources = ReadonlyMap<string, string>;

/**
 * Returns one sentence per violation; an empty list means that all is well. Specs are exempt.
 * Circles of files and default exports are the linter's matter.
 */
export function checkImports(sources: Sources, rules: ImportRules): string[] {
  const violations: string[] = [];
  for (const [path, text] of sources) {
    const library = rules.libraries.find(({ source }) => path.startsWith(`${source}/`));
    if (path.endsWith('.spec.ts') && library) continue;
    for (const { specifier, line } of importsOf(path, text)) {
      const at = `${path}:${line}`;
      if (specifier.startsWith('.')) {
        const target = resolveRelative(path, specifier, sources);
        violations.push(...checkRelative(at, path, target, library, rules));
      } else {
        violations.push(...checkPackage(at, path, specifier, library, rules));
      }
    }
    if (library) violations.push(...checkFile(path, text, library, rules));
  }
  return violations;
}

function checkFile(
  path: string,
  text: string,
  library: LibraryRules,
  rules: ImportRules,
): string[] {
  const violations: string[] = [];
  const lines = text.trimEnd().split('\n').length;
  if (lines > rules.maxLines) {
    violations.push(`${path} has ${lines} lines, more than ${rules.maxLines}: split it`);
  }
  const folder = folderOf(path, library);
  if (library.layers && layerOf(folder, library.layers) < 0) {
    violations.push(`${path}: "${folder}" has no layer: give it one in the rule table`);
  }
  if (path === `${library.source}/index.ts`) {
    for (const line of starExportsOf(path, text)) {
      violations.push(`${path}:${line}: the package's index has named exports alone`);
    }
  }
  return violations;
}

function checkRelative(
  at: string,
  path: string,
  target: string,
  library: LibraryRules | undefined,
  rules: ImportRules,
): string[] {
  if (!library) {
    const reached = rules.libraries.find(({ source }) =>
      target.startsWith(`${posix.dirname(source)}/`),
    );
    return reached ? [`${at} reaches into ${target}: import "${reached.name}" instead`] : [];
  }
  if (!target.startsWith(`${library.source}/`)) {
    return [`${at} leaves ${library.source} for ${target}: import a package instead`];
  }
  if (!library.layers) return [];
  const from = folderOf(path, library);
  const to = folderOf(target, library);
  const fromLayer = layerOf(from, library.layers);
  const toLayer = layerOf(to, library.layers);
  if (from === to || fromLayer < 0 || toLayer < 0 || toLayer < fromLayer) return [];
  const direction = toLayer === fromLayer ? 'sideways' : 'upward';
  return [`${at} imports ${direction}: "${from}" may not import "${to}"`];
}

function checkPackage(
  at: string,
  path: string,
  specifier: string,
  library: LibraryRules | undefined,
  rules: ImportRules,
): string[] {
  if (library?.forbidden?.some((start) => specifier.startsWith(start))) {
    return [`${at}: ${library.name} may not import "${specifier}"`];
  }
  const folder = library && folderOf(path, library);
  if (library?.forbiddenIn?.[folder!]?.some((start) => specifier.startsWith(start))) {
    return [`${at}: "${folder}" may not import "${specifier}"`];
  }
  const imported = rules.libraries.find(
    ({ name }) => specifier === name || specifier.startsWith(`${name}/`),
  );
  if (!imported) return [];
  if (!imported.entries.includes(specifier)) {
    return [`${at}: "${specifier}" is not an entry of ${imported.name}`];
  }
  if (imported === library) return [`${at}: ${imported.name} imports itself by name`];
  if (library && !library.mayImport.includes(imported.name)) {
    return [`${at}: ${library.name} may not import ${imported.name}`];
  }
  return [];
}

function resolveRelative(path: string, specifier: string, sources: Sources): string {
  const plain = posix.join(posix.dirname(path), specifier);
  const candidates = [
    plain,
    plain.replace(/\.js$/, '.ts'),
    plain.replace(/\.js$/, '.tsx'),
    `${plain}.ts`,
    `${plain}/index.ts`,
  ];
  return candidates.find((candidate) => sources.has(candidate)) ?? plain;
}

/**
 * The folder that has a layer: the first below the library's source, or one inside that; for a root
 * file, its name.
 */
function folderOf(path: string, { source, layers = [] }: LibraryRules): string {
  const [first = '', second, ...rest] = path.slice(source.length + 1).split('/');
  if (second === undefined) return first.replace(/\.[tj]sx?$/, '');
  const inner = `${first}/${second}`;
  return rest.length > 0 && layerOf(inner, layers) >= 0 ? inner : first;
}

function layerOf(folder: string, layers: string[][]): number {
  return layers.findIndex((layer) => layer.includes(folder));
}
