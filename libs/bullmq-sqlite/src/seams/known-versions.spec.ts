import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { KNOWN_VERSIONS } from './bullmq.seams.js';

const ROOT = resolve(import.meta.dirname, '../../../..');

function read(path: string): unknown {
  return JSON.parse(readFileSync(resolve(ROOT, path), 'utf8'));
}

it('BullMQ is known to work from the lowest version that is allowed to the one that is tested with', () => {
  const { peerDependencies } = read('libs/bullmq-sqlite/package.json') as {
    peerDependencies: { bullmq: string };
  };
  const { version } = read('node_modules/bullmq/package.json') as { version: string };
  const lowest = peerDependencies.bullmq.replace('^', '');
  expect(KNOWN_VERSIONS).toBe(lowest === version ? version : `${lowest} to ${version}`);
});
