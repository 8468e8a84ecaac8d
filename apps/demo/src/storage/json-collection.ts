import { readFile } from 'node:fs/promises';
import { writeFileAtomically } from './atomic-file.js';

/**
 * A small table in one JSON file, for one process: it stands for the database that a real shop has.
 * Changes run one after the other, and one that resolved is on disk.
 */
export class JsonCollection<Row extends { id: string }> {
  private rows: Promise<Map<string, Row>> | undefined;
  private lastChange: Promise<unknown> = Promise.resolve();

  constructor(private readonly path: string) {}

  /** The row of an id, or undefined. */
  async find(id: string): Promise<Row | undefined> {
    return (await this.load()).get(id);
  }

  /** All rows, oldest first. */
  async all(): Promise<Row[]> {
    return [...(await this.load()).values()];
  }

  /**
   * Changes rows, and stores them before it resolves. When storing fails, nothing has changed.
   * @param change gets a copy of the table that it may write to; what it returns is handed on
   */
  async change<Result>(change: (rows: Map<string, Row>) => Result): Promise<Result> {
    const next = this.lastChange.then(async () => {
      const rows = new Map(await this.load());
      const result = change(rows);
      await writeFileAtomically(this.path, JSON.stringify([...rows.values()], null, 2));
      this.rows = Promise.resolve(rows);
      return result;
    });
    // A change that failed is its caller's matter, and not that of the next one.
    this.lastChange = next.catch(() => undefined);
    return next;
  }

  private load(): Promise<Map<string, Row>> {
    this.rows ??= this.read().catch((error: unknown) => {
      this.rows = undefined;
      throw error;
    });
    return this.rows;
  }

  private async read(): Promise<Map<string, Row>> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '[]';
      throw error;
    });
    return new Map((JSON.parse(text) as Row[]).map((row) => [row.id, row]));
  }
}
