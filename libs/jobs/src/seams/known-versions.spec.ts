import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KNOWN_VERSIONS } from './known-versions.js';

const ROOT = resolve(import.meta.dirname, '../../../..');

function read(path: string): unknown {
  return JSON.parse(readFileSync(resolve(ROOT, path), 'utf8'));
}

const { peerDependencies } = read('libs/jobs/package.json') as {
  peerDependencies: Record<string, string>;
};
const { packages } = read('package-lock.json') as {
  packages: Record<string, { version?: string }>;
};

describe('versions that are known to work', () => {
  it.each(Object.entries(KNOWN_VERSIONS))(
    'of %s are those from the lowest that is allowed to the one that is tested with',
    (library, known) => {
      const lowest = peerDependencies[library]?.replace('^', '');
      const tested = packages[`node_modules/${library}`]?.version;
      expect(known).toBe(lowest === tested ? tested : `${lowest} to ${tested}`);
    },
  );
});
