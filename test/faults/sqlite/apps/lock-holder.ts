import { DatabaseSync } from 'node:sqlite';

/** Another program that holds a lock on the file until it is killed. */
const { path, begin } = JSON.parse(process.argv[2]!) as { path: string; begin: string };
const database = new DatabaseSync(path, { timeout: 5_000 });
database.exec(begin);
process.send?.({ type: 'locked' });
process.on('disconnect', () => process.exit());
