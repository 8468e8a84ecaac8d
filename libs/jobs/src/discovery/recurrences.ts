import { isDeepStrictEqual } from 'node:util';
import type { RecurringMetadata } from '../decorators/index.js';
import {
  checkOptions,
  JOB_RULES,
  rules,
  show,
  type JobOptions,
  type RecurrenceSettings,
  type RecurringOptions,
  type ResolvedOptions,
  type Rule,
  type Rules,
} from '../options/index.js';
import { readTiming, SETTING_RULES, type Timing } from '../timing/ticks/index.js';
import type { FoundHandler } from './handler.factory.js';
import type { Handler, HandlerClass } from './handler.js';

/** A use of `@Recurring()` with its options checked and complete. @internal */
export interface DeclaredRecurrence {
  readonly id: string;
  readonly scope: 'fleet' | 'process';
  readonly timing: Timing;
  readonly handler: Handler;
}

/** What a use of `@Recurring()` may refer to. @internal */
export interface RecurrenceSurroundings extends Pick<ResolvedOptions, 'calendars' | 'recurring'> {
  /** Whether the ScheduleModule of @nestjs/schedule is imported. */
  readonly hasScheduler: boolean;
}

/** A method with what `@Recurring()` says of it. @internal */
export interface RecurringMethod {
  readonly found: FoundHandler;
  /** Absent when its options have a fault, and it can be no handler. */
  readonly handler: Handler | undefined;
}

const { schema: _schema, ...HANDLER_RULES } = JOB_RULES;

const SCOPE: Rule = {
  expected: "'fleet' or 'process'",
  accepts: (value) => value === 'fleet' || value === 'process',
};

const NO_SCHEDULER =
  'scope "process" needs ScheduleModule.forRoot() of @nestjs/schedule: npm install @nestjs/schedule and import it';

const RECURRING_RULES: Rules<RecurringOptions> = {
  ...SETTING_RULES,
  ...HANDLER_RULES,
  id: rules.recurringId,
  scope: SCOPE,
};

/** What the uses of `@Recurring()` on a method say of it as a job. @internal */
export function jobOptionsIn(uses: readonly RecurringMetadata[]): JobOptions {
  const entries = uses.flatMap(({ options }) => Object.entries(options ?? {}));
  return Object.fromEntries(entries.filter(([name]) => Object.hasOwn(HANDLER_RULES, name)));
}

/**
 * Reads every use of `@Recurring()`.
 * @returns the recurring jobs, and every fault in words
 * @internal
 */
export function readRecurrences(
  methods: readonly RecurringMethod[],
  surroundings: RecurrenceSurroundings,
): { recurrences: DeclaredRecurrence[]; problems: string[] } {
  const recurrences: DeclaredRecurrence[] = [];
  const problems: string[] = [];
  const names = new Names();
  for (const { found, handler } of withoutRepeats(methods)) {
    const where = `@Recurring() on ${describe(found)}`;
    problems.push(...disagreements(found.recurrences).map((fault) => `${where}: ${fault}`));
    for (const { recurrence, options } of found.recurrences) {
      problems.push(...checkOptions(options, RECURRING_RULES, where));
      const { scope = 'fleet', id = defaultIdOf(found), ...rest } = valid(options);
      problems.push(...names.claim(id, describe(found)));
      if (scope === 'process' && !surroundings.hasScheduler)
        problems.push(`${where}: ${NO_SCHEDULER}`);
      const calendars = new Set(surroundings.calendars.keys());
      const { dialect } = surroundings.recurring;
      const read = readTiming(recurrence, settingsIn(rest), { id, where, calendars, dialect });
      if ('problems' in read) problems.push(...read.problems);
      else if (handler) recurrences.push({ id, scope, handler, timing: read.timing });
    }
  }
  return { recurrences, problems };
}

/** Who has which id: two recurring jobs cannot share one. */
class Names {
  private readonly owners = new Map<string, string>();

  /** @returns the fault, if another has it */
  claim(id: string, owner: string): string[] {
    const other = this.owners.get(id);
    if (other === undefined) this.owners.set(id, owner);
    return other === undefined
      ? []
      : [
          `duplicate recurring job ${show(id)}: ${other} and ${owner}; give each @Recurring() an "id"`,
        ];
  }
}

/** A method that is provided twice is still one. */
function withoutRepeats(methods: readonly RecurringMethod[]): RecurringMethod[] {
  const seen = new Map<HandlerClass, Set<string>>();
  return methods.filter(({ found: { type, methodName } }) => {
    const names = seen.get(type) ?? new Set();
    seen.set(type, names);
    return !names.has(methodName) && names.add(methodName);
  });
}

/**
 * Options of the handler of which its uses say different things: the method has one queue, one
 * timeout, …
 */
function disagreements(uses: readonly RecurringMetadata[]): string[] {
  const said = new Map<string, unknown>();
  return uses.flatMap(({ options }) =>
    Object.entries(jobOptionsIn([{ recurrence: '', options }])).flatMap(([name, value]) => {
      if (!said.has(name)) said.set(name, value);
      return isDeepStrictEqual(said.get(name), value)
        ? []
        : [`its uses differ in "${name}"; give it once, it counts for all of them`];
    }),
  );
}

/**
 * The options without those that are at fault: the others may have faults that a rule cannot see.
 */
function valid(options: RecurringOptions): RecurringOptions {
  const entries = Object.entries(options ?? {});
  return Object.fromEntries(
    entries.filter(([name, value]) => value !== undefined && isAccepted(name, value)),
  );
}

function settingsIn(options: RecurringOptions): RecurrenceSettings {
  const entries = Object.entries(options);
  return Object.fromEntries(entries.filter(([name]) => Object.hasOwn(SETTING_RULES, name)));
}

function defaultIdOf({ options, owner, methodName }: FoundHandler): string {
  const [first] = Array.isArray(options.aliases) ? (options.aliases as readonly unknown[]) : [];
  const name = [first, options.name].find((given) => typeof given === 'string');
  return (name ?? `${owner.name}.${methodName}`).replaceAll(/[^\w.-]/g, '-');
}

function describe({ type, methodName }: FoundHandler): string {
  return `${type.name}.${methodName}`;
}

function isAccepted(name: string, value: unknown): boolean {
  if (!Object.hasOwn(RECURRING_RULES, name)) return false;
  return RECURRING_RULES[name as keyof RecurringOptions].accepts(value);
}
