import { expect, it } from 'vitest';
import { nodeFaults } from './node-version.js';

it.each(['22.13.0', '22.20.1', '23.0.0', '24.21.0', '26.0.0-nightly'])(
  'Node %s will do',
  (version) => {
    expect(nodeFaults(version)).toEqual([]);
  },
);

it.each(['18.20.4', '20.20.2', '22.5.0', '22.12.0'])('Node %s is refused', (version) => {
  expect(nodeFaults(version)).toEqual([
    `nestjs-jobs: expected Node.js 22.13 or newer, got ${version}`,
  ]);
});
