import { describeAgreement } from './agreement-suite.js';
import { seeds } from './harness/settings.js';
import { FileSideSource } from './harness/sqlite-side.js';

// A few of them: what differs from memory is how transactions end, not what is in them.
const EVERY = 25;

describeAgreement(
  'sqlite on a file',
  () => new FileSideSource(),
  seeds().filter((_, index) => index % EVERY === 0),
);
