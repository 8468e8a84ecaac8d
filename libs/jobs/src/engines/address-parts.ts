import { isLikeUrl } from '../options/index.js';

/** The parts of an address that drivers repeat in their errors, and what each is. */
const PARTS = {
  host: 'the name of a host',
  port: 'the number of a port, from 1 to 65535',
  path: 'the path of a socket',
  db: 'the number of a database',
  database: 'the name of one',
  name: 'the name of the primary',
  user: 'the name of a user',
  username: 'the name of a user',
  sentinelUsername: 'the name of a user',
} as const;

/**
 * The faults of an address in parts, such as a variable with a whole URL that was given for one of
 * them. What was given may hold a password, and is not repeated.
 * @param where what names a part to the reader, e.g. `(part) => '"connection.host"'`
 * @internal
 */
export function faultsOfParts(
  parts: Readonly<Record<string, unknown>>,
  where: (part: string) => string,
  field = 'connection',
): string[] {
  return Object.entries(PARTS).flatMap(([part, expected]) => {
    const value = parts[part] ?? undefined;
    const got = value === undefined ? undefined : faultOf(part, value, field);
    return got === undefined
      ? []
      : [`JobsModule.forRoot(): ${where(part)} expected ${expected}, got ${got}`];
  });
}

function faultOf(part: string, value: unknown, field: string): string | undefined {
  const isAddress = isLikeUrl(value) || (part === 'host' && String(value).includes('@'));
  if (isAddress) return `what looks like a whole address. Give that as "${field}" itself`;
  if (part === 'port') return isPort(value) ? undefined : 'something else';
  if (part === 'db') return isWhole(value) ? undefined : 'something else';
  return typeof value === 'string' ? undefined : 'something that is no text';
}

function isPort(value: unknown): boolean {
  return isWhole(value) && Number(value) >= 1 && Number(value) <= 65_535;
}

/** Drivers take digits for a number, as those of a variable. */
function isWhole(value: unknown): boolean {
  return /^\d+$/.test(typeof value === 'number' ? String(value) : (value as string));
}

/** A part of a URL as the driver reads it. @internal */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
