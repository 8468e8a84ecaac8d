import { appendFileSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';

/** What happened to one job, as its processes saw it. */
interface JobHistory {
  added: boolean;
  /** Whether the end of its last run was acknowledged. */
  ended?: 'completed' | 'failed';
  /** In which process a run goes on; undefined when none does. */
  runningIn?: string;
}

const STATES = [
  'waiting',
  'prioritized',
  'delayed',
  'active',
  'waiting_children',
  'completed',
  'failed',
] as const;

/**
 * The ledger that the processes of a crash test append to, read on as it grows, and what it proves.
 * A line is written after a promise has settled, so what it says is true from then on, whoever
 * dies.
 */
export class CrashLedger {
  readonly faults: string[] = [];
  /** How often a job's run was cut off by a kill, and made up for. */
  repeats = 0;
  readonly #jobs = new Map<string, JobHistory>();
  readonly #killed = new Set<string>();
  #position = 0;

  constructor(readonly path: string) {
    appendFileSync(path, '');
  }

  get added(): number {
    return [...this.#jobs.values()].filter(({ added }) => added).length;
  }

  /** Notes that a process is dead. */
  killed(life: number): void {
    appendFileSync(this.path, `killed - ${life}\n`);
  }

  /**
   * Reads the ledger, then the file, which must hold all that was acknowledged.
   *
   * @param isOver - whether each job must have come to its end.
   */
  check(file: string, isOver = false): void {
    this.#read();
    const database = new DatabaseSync(file, { timeout: 5_000 });
    try {
      database.exec('BEGIN');
      this.#checkIntegrity(database);
      // A process that died while it made the file left none.
      const hasTables =
        database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] !== 0;
      if (hasTables) this.#checkCounters(database);
      this.#checkJobs(hasTables ? statesIn(database) : new Map(), isOver);
    } finally {
      database.close();
    }
  }

  #read(): void {
    const text = readFileSync(this.path, 'utf8');
    const end = text.lastIndexOf('\n') + 1;
    for (const line of text.slice(this.#position, end).split('\n')) {
      if (line !== '') this.#take(line);
    }
    this.#position = end;
  }

  #take(line: string): void {
    const words = line.split(' ');
    const [what, id] = words as [string, string];
    const life = words.at(-1)!;
    if (what === 'killed') this.#killed.add(life);
    else if (what === 'error') this.faults.push(line);
    else this.#takeJob(what, id, life);
  }

  #takeJob(what: string, id: string, life: string): void {
    const job = this.#jobs.get(id) ?? { added: false };
    this.#jobs.set(id, job);
    switch (what) {
      case 'added':
        job.added = true;
        break;
      case 'started':
        this.#expectStart(id, job);
        job.runningIn = life;
        break;
      case 'retried':
        delete job.runningIn;
        break;
      case 'completed':
      case 'failed':
        if (job.ended !== undefined) this.faults.push(`${id}: ended twice`);
        job.ended = what;
        delete job.runningIn;
        break;
      default:
    }
  }

  #expectStart(id: string, { ended, runningIn }: JobHistory): void {
    if (ended !== undefined) this.faults.push(`${id}: ran again after it had ${ended}`);
    if (runningIn === undefined) return;
    if (this.#killed.has(runningIn)) this.repeats += 1;
    else this.faults.push(`${id}: ran twice although process ${runningIn} is alive`);
  }

  #checkIntegrity(database: DatabaseSync): void {
    const rows = database.prepare('PRAGMA integrity_check').all();
    const findings = rows
      .map((row) => String(row['integrity_check']))
      .filter((finding) => finding !== 'ok');
    this.faults.push(...findings);
  }

  #checkCounters(database: DatabaseSync): void {
    const row = database.prepare(`SELECT * FROM queue`).get() ?? {};
    const counted = database.prepare('SELECT state, count(*) AS n FROM job GROUP BY state').all();
    const counts = new Map(
      counted.map(({ state, n }) => [String(state).replace('-', '_'), Number(n)]),
    );
    for (const state of STATES) {
      const [counter, rows] = [Number(row[state] ?? 0), counts.get(state) ?? 0];
      if (counter !== rows) this.faults.push(`${state}: counter ${counter}, rows ${rows}`);
      counts.delete(state);
    }
    if (counts.size > 0) this.faults.push(`jobs in no list: ${[...counts.keys()].join()}`);
  }

  #checkJobs(states: ReadonlyMap<string, string>, isOver: boolean): void {
    for (const [id, { added, ended }] of this.#jobs) {
      const state = states.get(id);
      if (added && state === undefined) this.faults.push(`${id}: added, and gone`);
      if (ended !== undefined && state !== ended) this.faults.push(`${id}: ${ended}, now ${state}`);
    }
    // What a process that lives has added since.
    this.#read();
    for (const [id, state] of states) {
      if (!this.#jobs.has(id)) this.faults.push(`${id}: nobody added it`);
      const end = id.endsWith('-fatal') ? 'failed' : 'completed';
      if (isOver && state !== end) this.faults.push(`${id}: ${state}, not ${end}`);
    }
  }
}

function statesIn(database: DatabaseSync): ReadonlyMap<string, string> {
  const rows = database.prepare('SELECT id, state FROM job').all();
  return new Map(rows.map(({ id, state }) => [String(id), String(state)]));
}
