import { isBaseline, type Row } from '../row.js';

/** Column headings and widths; the text columns are aligned to the left. */
const COLUMNS: readonly (readonly [heading: string, width: number, isText?: boolean])[] = [
  ['engine', 8, true],
  ['scenario', 18, true],
  ['subject', 7, true],
  ['jobs/s', 7],
  ['CPU µs/job', 10],
  ['p50 ms', 8],
  ['p99 ms', 8],
  ['ratio', 6],
  ['lowest-highest', 14],
  ['CPU ratio', 9],
  ['rounds', 6],
];

/** The table's head. Widths are fixed, so that a row can be shown as soon as it is measured. */
export function tableHead(): string {
  const headings = COLUMNS.map(([heading]) => heading);
  return `${toLine(headings)}\n${toLine(COLUMNS.map(([, width]) => '-'.repeat(width)))}`;
}

/** One row of the table. */
export function tableLine(row: Row): string {
  return toLine(cellsOf(row));
}

function toLine(cells: readonly string[]): string {
  const padded = COLUMNS.map(([, width, isText], column) =>
    isText ? cells[column]!.padEnd(width) : cells[column]!.padStart(width),
  );
  return padded.join('  ').trimEnd();
}

function cellsOf(row: Row): string[] {
  const isCompared = !isBaseline(row);
  const [lowest, highest] = row.ratioRange;
  return [
    row.engine,
    row.scenario,
    row.subject,
    show(row.jobsPerSecond, 0),
    show(row.cpuMicrosPerJob, 1),
    show(row.p50Ms, 2),
    show(row.p99Ms, 2),
    isCompared ? row.ratio.toFixed(2) : '',
    isCompared ? `${lowest.toFixed(2)}-${highest.toFixed(2)}` : '',
    row.cpuRatio === null ? '' : row.cpuRatio.toFixed(2),
    String(row.rounds),
  ];
}

/** What cannot be seen from the figures. */
export function tableNotes(rows: readonly Row[]): string[] {
  const notes = [
    'Medians of the rounds. ratio: median of the rounds, to raw BullMQ on the baseline, of jobs/s (higher is better);',
    'of p50 for latency and boot (lower is better). p50, p99: of one enqueue; for latency from enqueue',
    'to handler; for boot the median and the highest number of ms added to the same app without either.',
  ];
  for (const row of rows) {
    const where = `${row.engine} ${row.scenario} ${row.subject}`;
    if (row.scenario === 'latency' && row.p50DifferenceMs !== null) {
      notes.push(`${where}: p50 differs by ${row.p50DifferenceMs.toFixed(3)} ms`);
    }
    if (row.backlog) {
      const { waiting, costRatio, openMs, countsMs } = row.backlog;
      notes.push(
        `${where}: with ${waiting} waiting jobs one costs ${costRatio.toFixed(2)} times as much as with 1000; ` +
          `opening ${openMs.toFixed(0)} ms, getJobCounts ${countsMs.toFixed(2)} ms`,
      );
    }
    if (row.keyedRatio !== undefined)
      notes.push(`${where}: ${row.keyedRatio.toFixed(2)} of the throughput without keys`);
    if (row.registerMs) {
      const { first, again } = row.registerMs;
      notes.push(
        `${where}: registered in ${first.toFixed(0)} ms, and with nothing changed in ${again.toFixed(0)} ms`,
      );
    }
    if (row.loadMs !== undefined) {
      const connection = `${show(row.connectionMs ?? null, 1)} ms are one connection`;
      notes.push(
        `${where}: ${connection}; loading packages adds ${row.loadMs.toFixed(0)} ms more, ` +
          `resident memory ${show(row.memoryMb ?? null, 0)} MB more`,
      );
    }
  }
  return notes;
}

function show(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}
