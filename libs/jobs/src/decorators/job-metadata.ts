import { rules, type JobsClassOptions } from '../options/index.js';

/** Metadata key on a class: its {@link JobsClassOptions}. @internal */
export const JOBS_METADATA = 'nestjs-jobs:jobs';

/**
 * A use of a decorator that cannot work, kept for the report at boot: a decorator that throws would
 * stop the import of the file, and show one fault at a time.
 * @internal
 */
export interface MisplacedJob {
  readonly decorator: string;
  readonly target: object;
  readonly where: string;
  readonly reason: string;
}

/** All misplaced uses of this process. @internal */
export const misplacedJobs: MisplacedJob[] = [];

/** Notes a misplaced use. @internal */
export function noteMisplaced(
  decorator: string,
  target: object,
  key: string | symbol,
  reason: string,
): void {
  const owner = typeof target === 'function' ? target : target?.constructor;
  const where = `${owner?.name ?? 'class'}.${String(key)}`;
  misplacedJobs.push({ decorator, target: owner ?? target, where, reason });
}

/** Why a member cannot be a handler, or undefined. @internal */
export function misuseOf(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): string | undefined {
  if (typeof target === 'function') return 'expected an instance method, got a static one';
  if (typeof key === 'symbol') return 'expected a method with a name, got one with a symbol';
  if (key.startsWith('#')) return 'expected a public method, got a private one';
  if (descriptor?.get || descriptor?.set) return 'expected a method, got a getter or setter';
  if (typeof descriptor?.value !== 'function') return 'expected a method, got a property';
  return undefined;
}

/** Class defaults, the nearest ancestor's first, or undefined. @internal */
export function classOptionsOf(type: object): JobsClassOptions | undefined {
  return Reflect.getMetadata(JOBS_METADATA, type) as JobsClassOptions | undefined;
}

const declaredQueues = new Set<string>();

/**
 * Notes a queue that some decorator names, so that it can be injected without being registered.
 * @internal
 */
export function declareQueue(name: unknown): void {
  if (rules.queueName.accepts(name)) declaredQueues.add(name as string);
}

/** Every queue that a decorator of a loaded file names. @internal */
export function queuesDeclaredByDecorators(): readonly string[] {
  return [...declaredQueues];
}
