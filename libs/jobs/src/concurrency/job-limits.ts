import { Injectable } from '@nestjs/common';
import { PublicService } from '../contracts/index.js';
import { HandlerRegistry, type Handler, type HandlerClass } from '../discovery/index.js';
import { InvalidLimitError } from '../errors/index.js';
import {
  checkOptions,
  LIMIT_RULES,
  parseDuration,
  rules,
  show,
  takeOptions,
  type JobKey,
  type MethodOf,
  type Rules,
} from '../options/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import type { LimitChange, LimitsNow } from './limit-change.js';
import { LimitBook, type StoredLimit } from './limit-book.service.js';

const RULES: Rules<LimitChange> = {
  key: LIMIT_RULES.key,
  limit: LIMIT_RULES.limit,
  max: LIMIT_RULES.limit,
  per: rules.positiveDuration,
};

/**
 * Limits of handlers, changed at run time for the whole fleet; `JobScheduler.limits`. A change is
 * stored, and outlives restarts and deploys until it is reset; processes that run know of it at
 * once, or within 5 s where messages do not arrive. A limit that is lowered stops nothing that
 * runs.
 * @publicApi
 */
@Injectable()
export class JobLimits extends PublicService {
  /** @internal */
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly book: LimitBook,
    private readonly calls: StoreCalls,
  ) {
    super();
  }

  /**
   * Changes limits of a handler. What is left out stays as it is.
   * @param method a `@Job()` method with `concurrency` or `rateLimit`; handlers of the same `group`
   *   change together
   * @throws InvalidLimitError with every fault
   */
  async set<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    given: LimitChange,
  ): Promise<void> {
    const change = takeOptions(given);
    const handler = this.limited(type, method);
    const problems = faultsOf(handler, change);
    if (problems.length > 0) throw new InvalidLimitError(problems, handler);
    const { limit, max, per } = change;
    const key = change.key === undefined ? undefined : String(change.key);
    await this.calls.change(`change the limits of "${handler.name}"`, async () => {
      const { concurrency, rateLimit } = handler;
      if (limit !== undefined) await this.book.change(concurrency!.group, key, { limit });
      if (max === undefined) return;
      const rate: StoredLimit = per === undefined ? { max } : { max, perMs: parseDuration(per)! };
      await this.book.change(rateLimit!.group, key, rate);
    });
  }

  /**
   * The limits in force, of a key or of all that have none of their own.
   * @throws InvalidLimitError when the handler has no limits, or the key is none
   */
  async get<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    key?: JobKey,
  ): Promise<LimitsNow> {
    const { concurrency, rateLimit } = this.limited(type, method, key);
    await this.calls.read('read limits', () => this.book.refresh());
    const name = String(key ?? '');
    return {
      ...(concurrency && { concurrency: this.book.concurrencyOf(concurrency, name) }),
      ...(rateLimit && { rateLimit: this.book.rateOf(rateLimit, name) }),
    };
  }

  /**
   * Takes a change back: the decorator's limits count again.
   * @param key that of the change; none takes back that for all keys, and leaves those of single
   *   keys
   * @throws InvalidLimitError when the handler has no limits, or the key is none
   */
  async reset<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    key?: JobKey,
  ): Promise<void> {
    const { name, concurrency, rateLimit } = this.limited(type, method, key);
    const groups = new Set([concurrency?.group, rateLimit?.group]);
    await this.calls.change(`reset the limits of "${name}"`, async () => {
      for (const group of groups) {
        if (group !== undefined)
          await this.book.reset(group, key === undefined ? undefined : String(key));
      }
    });
  }

  private limited(type: HandlerClass, method: string, key?: JobKey): Handler {
    const handler = this.registry.byMethod(type, method, 'find the limits of');
    const problems = [];
    if (handler.concurrency === undefined && handler.rateLimit === undefined)
      problems.push('expected a handler with `concurrency` or `rateLimit`, got one with neither');
    if (key !== undefined && !LIMIT_RULES.key.accepts(key))
      problems.push(`"key" expected ${LIMIT_RULES.key.expected}, got ${show(key)}`);
    if (problems.length > 0) throw new InvalidLimitError(problems, handler);
    return handler;
  }
}

function faultsOf({ concurrency, rateLimit }: Handler, change: LimitChange): string[] {
  const problems = checkOptions(change, RULES, 'change');
  if (problems.length > 0) return problems;
  const { limit, max, per } = change;
  if (limit === undefined && max === undefined)
    problems.push('change: expected "limit", or "max" with or without "per"');
  if (limit !== undefined && concurrency === undefined)
    problems.push('change: "limit" expected a handler with `concurrency`');
  if (max !== undefined && rateLimit === undefined)
    problems.push('change: "max" expected a handler with `rateLimit`');
  if (per !== undefined && max === undefined)
    problems.push('change: "per" expected "max" beside it');
  return problems;
}
