import { mkdir } from 'node:fs/promises';
import { ArgumentError, helpText, readArguments, type BenchArguments } from './arguments.js';
import { Bench } from './bench.js';
import { engineNamed } from './engines/index.js';
import { toVerdicts } from './report/bars.js';
import { toJsonLine } from './report/json.js';
import { describeLoad, describeMachine } from './report/machine.js';
import { tableHead, tableLine, tableNotes } from './report/table.js';
import type { Row } from './row.js';
import { scenarioNamed } from './scenarios/index.js';

/** Compares the module with raw BullMQ; `npm run bench -- --help` lists the options. */
async function main(args: BenchArguments): Promise<void> {
  const engines = new Set([...args.engines, ...(args.baseline ? [args.baseline] : [])]);
  const machine = await describeMachine([...engines].map(engineNamed));
  if (args.profile !== undefined) await mkdir(args.profile, { recursive: true });
  // JSON is for programs, so that stdout has nothing else.
  const note = args.json ? console.error : console.log;
  note(`${machine}\n--concurrency ${args.concurrency} --jobs ${args.jobs}\n`);

  const bench = new Bench(args, showProgress);
  process.once('SIGINT', () => void bench.stop().finally(() => process.exit(130)));
  const rows: Row[] = [];
  if (!args.json) console.log(tableHead());
  for (const engine of args.engines) {
    for (const scenario of args.scenarios) {
      const both = await bench.measure(scenarioNamed(scenario), engine);
      rows.push(...both);
      showProgress('');
      for (const row of both) console.log(args.json ? toJsonLine(row) : tableLine(row));
    }
  }
  if (!args.json) console.log(['', ...tableNotes(rows)].join('\n'));
  for (const verdict of toVerdicts(rows)) note(verdict);
  note(describeLoad(2));
}

/** Keeps one line of a terminal up to date; a log file is spared. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${text}`);
}

function fail(error: unknown): never {
  const text = error instanceof Error ? error.message : String(error);
  console.error(error instanceof ArgumentError ? `${text}\nSee --help.` : text);
  process.exit(1);
}

try {
  const args = readArguments(process.argv.slice(2));
  if (args.help) console.log(helpText());
  else main(args).catch(fail);
} catch (error) {
  fail(error);
}
