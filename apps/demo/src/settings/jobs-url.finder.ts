import { connect } from 'node:net';

/** Where a Redis server of a developer's machine usually is. */
export const LOCAL_REDIS = 'redis://127.0.0.1:6379';

/** What to print when there is nowhere to store jobs. */
export const NO_STORE_MESSAGE = `\
The demo needs a place to store jobs, for now a Redis or PostgreSQL server:
JOBS_URL is not set, and no Redis answered at ${LOCAL_REDIS} within a second.

Start one of these, then repeat the command:

  docker run --rm -d -p 6379:6379 redis:7                        # then: npm start
  JOBS_URL=redis://user:password@host:6379 npm start
  JOBS_URL=postgres://user:password@host:5432/database npm start
`;

/** JOBS_URL, else a local Redis that answers within a second, else undefined. */
export async function findJobsUrl(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  if (env.JOBS_URL) return env.JOBS_URL;
  return (await redisAnswers(LOCAL_REDIS, 1_000)) ? LOCAL_REDIS : undefined;
}

/**
 * Sends one PING. Any answer counts, also one that asks for a password: a server that is there but
 * refuses us is better explained by the module's own error than by "no Redis".
 */
async function redisAnswers(url: string, timeoutMs: number): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((answer) => {
    const socket = connect({ host: hostname, port: Number(port), timeout: timeoutMs });
    const end = (answered: boolean) => () => {
      socket.destroy();
      answer(answered);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', end(true));
    socket.once('timeout', end(false));
    socket.once('error', end(false));
  });
}
