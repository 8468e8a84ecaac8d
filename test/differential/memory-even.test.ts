import { describeAgreement } from './agreement-suite.js';
import { seeds } from './harness/settings.js';
import { MemorySideSource } from './harness/sqlite-side.js';

// The other half of the seeds is in memory-odd.test.ts: two files make use of two cores.
describeAgreement(
  'sqlite in memory',
  () => new MemorySideSource(),
  seeds().filter((seed) => seed % 2 === 0),
);
