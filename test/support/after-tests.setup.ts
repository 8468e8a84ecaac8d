import { afterAll, afterEach } from 'vitest';
import { afterEachFile, afterEachTest } from './after-tests.js';

afterEach(async () => {
  for (const clean of afterEachTest) await clean();
});

afterAll(async () => {
  for (const clean of afterEachFile) await clean();
});
