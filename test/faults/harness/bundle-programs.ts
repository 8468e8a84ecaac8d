/**
 * Makes few files of the programs in a folder, with all that they import, packages included: a
 * process that loads thousands of small ones takes four times the processor's time to start, and
 * the rows start hundreds. A program of its own, since its caller cannot wait for a promise.
 *
 * Usage: `node bundle-programs.ts <folder> <target> <program>…`
 */
import { createRequire, isBuiltin } from 'node:module';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';

const [folder, target, ...programs] = process.argv.slice(2);

/** Nest's decorators need it, and a bundle has an order of its own. */
const FIRST = 'reflect-metadata';

const { resolve } = createRequire(join(folder!, 'faults', 'x.js'));

/** Node's own, and what Nest and the drivers would use if it were installed. */
function isElsewhere(id: string): boolean {
  if (id.startsWith('.') || isAbsolute(id)) return false;
  if (isBuiltin(id) || id === FIRST) return true;
  try {
    return resolve(id).endsWith('.node');
  } catch {
    return true;
  }
}

const bundle = await rolldown({
  input: programs,
  cwd: folder!,
  platform: 'node',
  external: isElsewhere,
  logLevel: 'silent',
});
// Jobs are stored under the names of their classes.
await bundle.write({
  dir: target!,
  format: 'esm',
  sourcemap: true,
  keepNames: true,
  banner: `import '${FIRST}';`,
});
await bundle.close();
