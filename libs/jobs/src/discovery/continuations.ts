import { isDeepStrictEqual } from 'node:util';
import type { ContinuationMetadata } from '../decorators/index.js';
import {
  checkOptions,
  JOB_RULES,
  rules,
  show,
  type ContinuationMoment,
  type ContinuationOptions,
  type JobOptions,
  type Rule,
  type Rules,
} from '../options/index.js';
import type { FoundHandler } from './handler.factory.js';
import type { Handler, HandlerClass } from './handler.js';

/** A use of `@Continuation()`, checked. @internal */
export interface DeclaredContinuation {
  readonly handler: Handler;
  readonly antecedent: Handler;
  readonly on: ContinuationMoment;
}

/** A method with what `@Continuation()` says of it. @internal */
export interface ContinuationMethod {
  readonly found: FoundHandler;
  /** Absent when its options have a fault, and it can be no handler. */
  readonly handler: Handler | undefined;
}

/** Finds the handler that `after` names. @internal */
export type HandlerFinder = (type: HandlerClass, methodName: string) => Handler | undefined;

const AFTER: Rule = {
  expected: "a class and the name of its method, as in [OrderService, 'process']",
  accepts: (v) =>
    typeof v === 'function' ||
    (Array.isArray(v) && v.length === 2 && typeof v[0] === 'function' && typeof v[1] === 'string'),
};

const RULES: Rules<ContinuationOptions<object, never, ContinuationMoment>> = {
  ...JOB_RULES,
  after: AFTER,
  on: rules.continuationMoment,
};

const UNKNOWN_KEY =
  '"unique.key" expected no function: its one argument, what the job before returns, is not known when the job is stored. ' +
  'Continue with a method that enqueues the unique job';

/** What the uses of `@Continuation()` on a method say of it as a job. @internal */
export function jobOptionsOfContinuations(uses: readonly ContinuationMetadata[]): JobOptions {
  const entries = uses.flatMap((use) => Object.entries(use ?? {}));
  return Object.fromEntries(entries.filter(([name]) => Object.hasOwn(JOB_RULES, name)));
}

/**
 * Reads every use of `@Continuation()`.
 * @returns the continuations, and every fault in words
 * @internal
 */
export function readContinuations(
  methods: readonly ContinuationMethod[],
  find: HandlerFinder,
): { continuations: DeclaredContinuation[]; problems: string[] } {
  const continuations: DeclaredContinuation[] = [];
  const problems: string[] = [];
  for (const { found, handler } of methods) {
    const where = `@Continuation() on ${describe(found)}`;
    problems.push(...disagreements(found.continuations).map((fault) => `${where}: ${fault}`));
    if (found.continuations.length > 0 && typeof handler?.unique?.key === 'function')
      problems.push(`${where}: ${UNKNOWN_KEY}`);
    for (const use of found.continuations) {
      const faults = checkOptions(use, RULES, where);
      problems.push(...faults);
      if (faults.length > 0) continue;
      const after: unknown = typeof use.after === 'function' ? use.after() : use.after;
      if (!Array.isArray(after) || !AFTER.accepts(after)) {
        problems.push(`${where}: "after" expected ${AFTER.expected}, got ${show(after)}`);
        continue;
      }
      const [type, methodName] = after as [HandlerClass, string];
      const antecedent = find(type, methodName);
      if (antecedent === undefined) problems.push(`${where}: ${noHandler(type, methodName)}`);
      else if (handler) continuations.push({ handler, antecedent, on: use.on ?? 'completed' });
    }
  }
  problems.push(...circles(continuations));
  return { continuations, problems };
}

function noHandler(type: HandlerClass, methodName: string): string {
  return (
    `"after" expected a @Job(), @Recurring() or @Continuation() method of a provider, got ` +
    `${type.name}.${methodName}, which is none of this application`
  );
}

/** Chains of continuations that come back to where they began would run for ever. */
function circles(all: readonly DeclaredContinuation[]): string[] {
  const problems: string[] = [];
  const done = new Set<Handler>();
  const visit = (handler: Handler, path: readonly Handler[]): void => {
    const start = path.indexOf(handler);
    if (start >= 0) {
      const circle = [...path.slice(start), handler].map(({ name }) => name).join(' -> ');
      problems.push(`@Continuation() in a circle, which would never end: ${circle}`);
    }
    if (start >= 0 || done.has(handler)) return;
    for (const next of all) {
      if (next.antecedent === handler) visit(next.handler, [...path, handler]);
    }
    done.add(handler);
  };
  for (const { antecedent } of all) visit(antecedent, []);
  return problems;
}

/** Options of the handler of which its uses say different things. */
function disagreements(uses: readonly ContinuationMetadata[]): string[] {
  const said = new Map<string, unknown>();
  return uses.flatMap((use) =>
    Object.entries(jobOptionsOfContinuations([use])).flatMap(([name, value]) => {
      if (!said.has(name)) said.set(name, value);
      return isDeepStrictEqual(said.get(name), value)
        ? []
        : [`its uses differ in "${name}"; give it once, it counts for all of them`];
    }),
  );
}

function describe({ type, methodName }: FoundHandler): string {
  return `${type.name}.${methodName}`;
}
