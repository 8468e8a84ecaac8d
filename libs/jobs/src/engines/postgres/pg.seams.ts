import { assertSeams, differs, type Seam } from '../../seams/index.js';
import type { PostgresDriver } from './postgres-client.js';

/** What we take of pg. */
const PG_SEAMS: readonly Seam<PostgresDriver>[] = [
  {
    what: 'inner parts of a client',
    why: 'a connection whose peer does not answer is cut off, and a transaction pooler is told from a server',
    provedBy: [
      'test/e2e/half-open.test.ts',
      'libs/jobs/src/engines/postgres/postgres-session.spec.ts',
      'libs/jobs/src/engines/postgres/postgres-transaction.spec.ts',
    ],
    differences: (driver) => {
      const client = new driver.Client({});
      const asked = client as { getTransactionStatus?: unknown; getTypeParser?: unknown };
      return [
        differs('connection.stream.destroy', 'function', typeof client.connection?.stream?.destroy),
        differs('processID', true, 'processID' in client),
        differs('binary', true, 'binary' in client),
        differs('getTransactionStatus', 'function', typeof asked.getTransactionStatus),
        differs('getTypeParser', 'function', typeof asked.getTypeParser),
      ].flat();
    },
  },
  {
    what: 'the class of the clients of a pool',
    why: "a connection outlives the call that makes the pool open it, and must not keep that call's async context",
    provedBy: ['test/contract/jobs/async-context.test.ts'],
    differences: ({ Client, Pool }) => {
      class Own extends Client {}
      const { Client: used } = new Pool({ Client: Own }) as { Client?: unknown };
      return differs('that is given', true, used === Own);
    },
  },
];

/**
 * @param driver the package, or what a spec puts in its place
 * @throws LibraryChangedError
 * @internal
 */
export function assertPg(driver: PostgresDriver): Promise<void> {
  return assertSeams('pg', driver, PG_SEAMS);
}
