import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defineConfig, type RolldownOptions } from 'rolldown';

/**
 * The sources of a published package, as its "exports" name them: see "customConditions" in
 * tsconfig.json.
 */
const SOURCE = '@nestjs-jobs/source';

/** What compiled decorators call: part of the package, like TypeScript's own. */
const HELPERS = '@oxc-project/runtime/';

interface Manifest {
  exports: Record<string, string | { [SOURCE]: string; default: string }>;
}

/**
 * A published package is a few files of JavaScript, since an application that starts loads each
 * file anew: a quarter of a millisecond each, for some hundred files. What is imported later, such
 * as an engine, stays a file of its own. Types come from tsc, one file for each source.
 */
export default defineConfig(globSync('libs/*/package.json').map(packageOptions));

function packageOptions(manifestFile: string): RolldownOptions {
  const { exports } = JSON.parse(readFileSync(manifestFile, 'utf8')) as Manifest;
  const root = dirname(manifestFile);
  const entries = Object.values(exports).flatMap((entry) =>
    typeof entry === 'string'
      ? []
      : [[withoutExtension('dist', entry.default), join(root, entry[SOURCE])] as const],
  );
  return {
    input: Object.fromEntries(entries),
    tsconfig: join(root, 'tsconfig.lib.json'),
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith(HELPERS),
    output: {
      dir: join(root, 'dist'),
      chunkFileNames: 'chunks/[name].js',
      // The sources are published, too.
      sourcemap: true,
      sourcemapExcludeSources: true,
      // Errors are known by their class's name.
      keepNames: true,
    },
  };
}

/** './dist/terminus/index.js' becomes 'terminus/index'. */
function withoutExtension(folder: string, file: string): string {
  return file.slice(`./${folder}/`.length, -'.js'.length);
}
