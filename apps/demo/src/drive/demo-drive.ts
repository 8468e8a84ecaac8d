import { resolve } from 'node:path';
import { CheckList } from './check-list.js';
import { type DrivenShop, runningShop, startOwnShop } from './driven-shop.js';
import { checkFiles } from './file.checks.js';
import { checkMail } from './mail.checks.js';
import { checkRecurring } from './recurring.checks.js';
import { playRecurring } from './recurring.scenario.js';
import { playScenario } from './scenario.js';
import { ShopClient } from './shop.client.js';
import { checkLog, checkStore } from './store.checks.js';
import { Timeline } from './timeline.js';

const HEALTHY_WITHIN_MS = 10_000;

/**
 * Drives the demo once from end to end, and checks every effect.
 * @param env DEMO_URL drives a shop that runs already, whose files are in DEMO_DATA
 * (`./data/demo`); else one of its own is started, with its jobs in JOBS_URL or in a file beside
 * its others
 * @returns the exit code: 0 when all was seen
 */
export async function driveDemo(
  env: NodeJS.ProcessEnv,
  print: (line: string) => void,
): Promise<number> {
  const shop = await findShop(env);
  print(`Driving the shop at ${shop.url}, which writes to ${shop.dataFolder}.\n`);
  const list = new CheckList(print);
  await list.check('the drive came to its end', () => drive(shop, list, print));
  await list.check('the shop stopped', () => shop.stop());
  const failed = list.failures.length > 0;
  await shop.clean(failed);
  print(failed ? `\nMissing:\n  - ${list.failures.join('\n  - ')}` : '\nAll was seen.');
  if (failed && shop.logFile) print(`\nThe shop's log: ${shop.logFile}`);
  return failed ? 1 : 0;
}

async function drive(
  shop: DrivenShop,
  list: CheckList,
  print: (line: string) => void,
): Promise<void> {
  const client = new ShopClient(shop.url);
  await client.untilHealthy(HEALTHY_WITHIN_MS);
  const timeline = new Timeline(client, print);
  const [seen, recurring] = await Promise.all([
    playScenario(client, timeline),
    playRecurring(client, timeline),
  ]);
  print('');
  await checkStore(seen, list);
  await checkRecurring(recurring, list);
  await checkMail(seen, shop.dataFolder, list);
  await checkFiles(seen, shop.dataFolder, list);
  if (shop.logFile) await checkLog(seen, shop.logFile, list);
}

async function findShop(env: NodeJS.ProcessEnv): Promise<DrivenShop> {
  if (env.DEMO_URL) return runningShop(env.DEMO_URL, resolve(env.DEMO_DATA ?? 'data/demo'));
  return startOwnShop(env.JOBS_URL);
}
