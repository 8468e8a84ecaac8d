import { expect, it } from 'vitest';
import { messages } from './job-log.messages.js';

it.each([
  [messages.draining, 'waiting for 1 running job', 'waiting for 2 running jobs'],
  [messages.aborting, 'aborting 1 running job', 'aborting 2 running jobs'],
  [(count: number) => messages.stranded('q', count), 'holds 1 job and', 'holds 2 jobs and'],
  [(count: number) => messages.ticksSkipped('id', count), '1 tick skipped', '2 ticks skipped'],
])('one is told in the singular, several in the plural', (message, one, several) => {
  expect(message(1)).toMatch(new RegExp(`${one}\\b`));
  expect(message(2)).toContain(several);
});
