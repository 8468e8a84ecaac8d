import { PinoLogger } from 'nestjs-pino';
import { expect, it } from 'vitest';
import { PinoLogWriter } from './pino-log-writer.js';

it('writes an error that pino cannot read', () => {
  const lines: string[] = [];
  const stream = { write: (line: string) => lines.push(line) };
  const writer = new PinoLogWriter(new PinoLogger({ pinoHttp: [{}, stream] }));
  const knot = new AggregateError([], 'knot');
  knot.errors.push(knot);
  for (const error of [knot, Object.freeze(new Error('frozen'))]) {
    writer.write('error', 'failed', { jobId: '1' }, error);
    const line = JSON.parse(lines.pop()!) as Record<string, unknown>;
    expect(line).toMatchObject({ msg: 'failed', jobId: '1', err: { message: error.message } });
  }
});
