import { describeAgreement } from './agreement-suite.js';
import { seeds } from './harness/settings.js';
import { MemorySideSource } from './harness/sqlite-side.js';

describeAgreement(
  'sqlite in memory',
  () => new MemorySideSource(),
  seeds().filter((seed) => seed % 2 === 1),
);
