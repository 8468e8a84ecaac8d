/** The queues of a sequence; flows span all of them. */
export const QUEUES = ['a', 'b', 'c'] as const;

export type QueueName = (typeof QUEUES)[number];

/** Stands for the prefix of either side's keys, in arguments and in results. */
export const PREFIX = '⟨p⟩';

/** JSON has no undefined, and BullMQ tells a missing argument from null. */
const UNDEFINED = '⟨undefined⟩';

/**
 * One call of a backend's method, or of a composite (see composite-calls.ts), with plain arguments.
 */
export interface Call {
  /** What Date.now() says during the call. */
  readonly at: number;
  readonly queue: QueueName;
  readonly method: string;
  readonly args: readonly unknown[];
}

/** The options of the workers whose backends run a sequence: only a constructor can set them. */
export interface SideOptions {
  lockDuration: number;
  maxStalledCount: number;
  stalledInterval: number;
  limiter?: { max: number; duration: number };
  metrics?: { maxDataPoints: number };
  removeOnComplete?: { count: number };
  removeOnFail?: { age: number };
}

/** All that it takes to run a sequence again. */
export interface Sequence {
  readonly seed: number;
  readonly options: SideOptions;
  readonly calls: readonly Call[];
}

export function qualifiedName(queue: QueueName): string {
  return `${PREFIX}:${queue}`;
}

export function jobKey(queue: QueueName, jobId: string): string {
  return `${PREFIX}:${queue}:${jobId}`;
}

/**
 * Takes a job's key apart; undefined for any other string. The ids of schedulers' jobs have colons.
 */
export function parseJobKey(key: string): { queue: QueueName; jobId: string } | undefined {
  const [prefix, queue, ...rest] = key.split(':');
  const known = QUEUES.find((name) => name === queue);
  const isId = rest.length === 1 || (rest.length === 3 && rest[0] === 'repeat');
  if (prefix !== PREFIX || known === undefined || !isId) return undefined;
  return { queue: known, jobId: rest.join(':') };
}

export function stringifySequence(sequence: Sequence): string {
  const mark = (_key: string, value: unknown): unknown => (value === undefined ? UNDEFINED : value);
  const calls = sequence.calls.map((call) => `  ${JSON.stringify(call, mark)}`);
  const head = `"seed": ${sequence.seed},\n"options": ${JSON.stringify(sequence.options)}`;
  return `{ ${head},\n"calls": [\n${calls.join(',\n')}\n] }\n`;
}

export function parseSequence(text: string): Sequence {
  return replaceMarks(JSON.parse(text)) as Sequence;
}

function replaceMarks(value: unknown): unknown {
  if (value === UNDEFINED) return undefined;
  if (Array.isArray(value)) return value.map(replaceMarks);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, replaceMarks(item)] as const),
  );
}
