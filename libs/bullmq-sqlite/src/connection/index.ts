export { mayBeAlive } from './live-process.js';
export { openDatabase } from './open-database.js';
export {
  type Durability,
  sqlite,
  SqliteConnection,
  type SqliteOptions,
} from './sqlite-connection.js';
