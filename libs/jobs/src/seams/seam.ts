import { createRequire } from 'node:module';
import { errorReason, LibraryChangedError } from '../errors/index.js';
import { KNOWN_VERSIONS, type KnownLibrary } from './known-versions.js';

/**
 * A place where this library sits on what another one has never promised: a private member, the
 * position of a parameter, the words of a statement.
 * @internal
 */
export interface Seam<Shape> {
  /** What is relied on; an error starts with it. */
  readonly what: string;
  /** Why there is no public way. */
  readonly why: string;
  /** The tests that fail when it holds in form, but does not mean the same any more. */
  readonly provedBy: readonly string[];
  /**
   * Tries it out, without a server.
   * @param shape the library, or what is looked at of it; specs give one that has changed
   * @returns what is not as expected, one line each
   */
  readonly differences: (shape: Shape) => readonly string[] | Promise<readonly string[]>;
}

/**
 * Tries seams out, in a millisecond or two, so that a new version of a library is refused in words
 * instead of being used wrongly.
 * @throws LibraryChangedError with all that is different
 * @internal
 */
export async function assertSeams<Shape>(
  library: KnownLibrary,
  shape: Shape,
  seams: readonly Seam<Shape>[],
): Promise<void> {
  const found = await Promise.all(seams.map((seam) => differencesOf(seam, shape)));
  const differences = found.flat();
  if (differences.length === 0) return;
  const version = installedVersion(library);
  throw new LibraryChangedError(library, version, KNOWN_VERSIONS[library], differences);
}

async function differencesOf<Shape>(seam: Seam<Shape>, shape: Shape): Promise<readonly string[]> {
  const { what } = seam;
  try {
    return (await seam.differences(shape)).map((difference) => `${what}: ${difference}`);
  } catch (error) {
    return [`${what}: expected that it can be tried out, got ${errorReason(error)}`];
  }
}

/** For words alone: a bundle has no package to ask. */
function installedVersion(library: string): string {
  try {
    const { version } = createRequire(import.meta.url)(`${library}/package.json`) as {
      version: string;
    };
    return version;
  } catch {
    return '(of unknown version)';
  }
}

/** One line where two values are not the same; none where they are. @internal */
export function differs(where: string, expected: unknown, got: unknown): readonly string[] {
  const [wanted, found] = [inWords(expected), inWords(got)];
  return wanted === found ? [] : [`${where} expected ${wanted}, got ${found}`];
}

function inWords(value: unknown): string {
  if (value === undefined) return 'nothing';
  // With the names of what is undefined, which JSON leaves out.
  return JSON.stringify(value, (_name, part: unknown) => part ?? null);
}

/**
 * One line for each method that has not the number of parameters that is expected; those from the
 * first with a default on do not count.
 * @internal
 */
export function otherParameters(
  prototype: object,
  expected: Readonly<Record<string, number>>,
): readonly string[] {
  return Object.entries(expected).flatMap(([name, count]) => {
    const method = (prototype as Record<string, { readonly length?: number } | undefined>)[name];
    return differs(name, count, method?.length);
  });
}
