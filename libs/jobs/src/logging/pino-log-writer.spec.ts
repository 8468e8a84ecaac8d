import { createRequire } from 'node:module';
import { Test } from '@nestjs/testing';
import { expect, it } from 'vitest';
import { JobLogger } from './index.js';

it('does not load nestjs-pino for an application that has it, but does not use it', async () => {
  const app = await Test.createTestingModule({ providers: [JobLogger] }).compile();
  await app.get(JobLogger).usePinoIfPresent();
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  expect(loaded.filter((file) => file.includes('/node_modules/pino/'))).toEqual([]);
});
