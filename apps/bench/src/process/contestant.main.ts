import { engineNamed } from '../engines/index.js';
import { Meter, scenarioNamed, type Sample } from '../scenarios/index.js';
import type { RoundReply, RoundRequest } from './messages.js';

/**
 * The process of one contestant: runs rounds when it is told to and is idle in between, without any
 * connection. It ends when the benchmark does.
 */
process.on('message', (request: RoundRequest) => {
  run(request).then(
    (sample) => reply({ sample }),
    (error: unknown) => reply({ error: error instanceof Error ? error.stack! : String(error) }),
  );
});

process.on('disconnect', () => process.exit());

// Ctrl+C reaches every process of the terminal; the benchmark itself ends this one.
process.on('SIGINT', () => undefined);

async function run(request: RoundRequest): Promise<Sample> {
  const { scenario, engine, profileFile, ...round } = request;
  const meter = new Meter(profileFile);
  return scenarioNamed(scenario).run({ ...round, engine: engineNamed(engine), meter });
}

function reply(message: RoundReply): void {
  process.send?.(message);
}
