import type { EngineCapabilities } from 'nestjs-jobs';
import { describeUnless } from '../../support/describe-unless.js';
import { type EngineFixture, ENGINES } from '../../support/engines.js';
import { SERVER_NAMES, type ServerName, whyNoOwnStore } from './own-store.js';
import { QUICK, Random, SEED } from './seeds.js';

const NOT_PICKED =
  'outside CI a row runs on one engine, picked by its seed; FAULTS=all runs every one';

/** An engine or server, and why a row cannot run on it. */
interface Candidate<T> {
  readonly name: string;
  readonly of: T;
  readonly obstacle: string | undefined;
}

/** Registers a row once per engine. */
export function describeRow(title: string, suite: (engine: EngineFixture) => void): void {
  describeEach(title, ENGINES.map(candidateOf), suite);
}

/**
 * As `describeRow`, without engines that cannot: nothing is missing there, so nothing is skipped.
 */
export function describeRowWith(
  capability: keyof EngineCapabilities,
  title: string,
  suite: (engine: EngineFixture) => void,
): void {
  const able = ENGINES.filter(({ capabilities }) => capabilities[capability]);
  describeEach(title, able.map(candidateOf), suite);
}

/** As `describeRow`, on engines that lack something. */
export function describeRowWithout(
  capability: keyof EngineCapabilities,
  title: string,
  suite: (engine: EngineFixture) => void,
): void {
  const lacking = ENGINES.filter(({ capabilities }) => !capabilities[capability]);
  describeEach(title, lacking.map(candidateOf), suite);
}

/** Registers a row once per server; it is skipped where no store of one's own can be started. */
export function describeOwnStores(title: string, suite: (server: ServerName) => void): void {
  const servers = SERVER_NAMES.map((name) => ({ name, of: name, obstacle: whyNoOwnStore(name) }));
  describeEach(title, servers, suite);
}

function candidateOf(engine: EngineFixture): Candidate<EngineFixture> {
  const { name, available, reason } = engine;
  return { name, of: engine, obstacle: available ? undefined : reason };
}

function describeEach<T>(
  title: string,
  candidates: readonly Candidate<T>[],
  suite: (of: T) => void,
): void {
  const able = candidates.filter(({ obstacle }) => obstacle === undefined);
  const picked = able.length > 0 ? new Random(SEED, title).pick(able) : undefined;
  for (const candidate of candidates) {
    // Another one from run to run.
    const isLeftOut = QUICK && candidate !== picked;
    const obstacle = candidate.obstacle ?? (isLeftOut ? NOT_PICKED : undefined);
    describeUnless(obstacle, `${title} [${candidate.name}]`, () => suite(candidate.of));
  }
}
