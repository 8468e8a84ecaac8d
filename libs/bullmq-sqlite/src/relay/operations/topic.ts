/**
 * BullMQ's grammar of topics, the same as in its scripts for Redis: segments of letters, digits and
 * `_:%-` with dots between them. In a pattern `*` stands for one segment, and a last `>` for one or
 * more.
 */
const SEGMENT = /^[A-Za-z0-9_:%-]+$/;
const ID = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_TOPIC = 512;
const MOST_SEGMENTS = 16;

/** Whether it can be the id of a node or of an endpoint. */
export function isRelayId(id: string): boolean {
  return ID.test(id);
}

/** The segments of a concrete topic; undefined for anything else. */
export function topicSegments(topic: string): string[] | undefined {
  const segments = split(topic);
  return segments?.every((segment) => SEGMENT.test(segment)) === true ? segments : undefined;
}

/** The segments of a topic or of a pattern with wildcards; undefined for anything else. */
export function patternSegments(pattern: string): string[] | undefined {
  const segments = split(pattern);
  const last = (segments?.length ?? 0) - 1;
  const isValid = segments?.every(
    (segment, index) =>
      segment === '*' || (segment === '>' && index === last) || SEGMENT.test(segment),
  );
  return isValid === true ? segments : undefined;
}

/**
 * Under which word a pattern with wildcards is looked for: its first segment, which a topic must
 * have too, or `*` when that is a wildcard itself. Null for an exact topic, which is found by
 * itself.
 */
export function patternRoot(segments: readonly string[]): string | null {
  if (!segments.some(isWildcard)) return null;
  const [first = ''] = segments;
  return isWildcard(first) ? '*' : first;
}

/** Whether a topic is one of those that a pattern stands for. */
export function matches(pattern: readonly string[], topic: readonly string[]): boolean {
  for (const [index, segment] of pattern.entries()) {
    if (segment === '>') return topic.length > index;
    if (index >= topic.length) return false;
    if (segment !== '*' && segment !== topic[index]) return false;
  }
  return pattern.length === topic.length;
}

function split(text: string): string[] | undefined {
  if (typeof text !== 'string' || text.length > LONGEST_TOPIC) return undefined;
  const segments = text.split('.');
  return segments.length > MOST_SEGMENTS ? undefined : segments;
}

function isWildcard(segment: string): boolean {
  return segment === '*' || segment === '>';
}
