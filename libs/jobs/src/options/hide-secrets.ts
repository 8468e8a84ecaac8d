/**
 * What a URL starts with, or the user of an address without protocol: `redis://` and `u:` of
 * `u:secret@host`.
 */
const START_OF_ADDRESS = /\/\/|[^\s:/]:/;

/** The text before a colon is the name of a protocol. */
const PROTOCOL = /^[a-z][a-z0-9+.-]*$/i;

/** The values of a URL's query. */
const QUERY_VALUES = /([?&][^=&\s]{1,50}=)[^&\s]*/g;

/** What goes by such a name in pairs, as those of libpq. */
const NAMED_SECRETS = /((?:pass|pwd|secret|token)\w{0,50}\s*=\s*)(?:'[^']*'|[^\s&*]+)/gi;

/**
 * A text without what looks like credentials in an address. Addresses come from variables, and
 * those are mixed up: each text that a message repeats goes through this. In time that grows with
 * its length: it may be one of megabytes.
 * @internal
 */
export function hideSecrets(text: string): string {
  return hideUser(text).replace(QUERY_VALUES, '$1***').replace(NAMED_SECRETS, '$1***');
}

/**
 * User and password of a URL, with its protocol or without: all before the last `@`, as passwords
 * may have any sign.
 */
function hideUser(text: string): string {
  const end = text.lastIndexOf('@');
  if (end < 0) return text;
  const head = text.slice(0, end);
  const found = head.search(START_OF_ADDRESS);
  if (found < 0) return text;
  const secret = `***${text.slice(end)}`;
  if (head.startsWith('//', found)) return head.slice(0, found + 2) + secret;
  let start = found;
  while (start > 0 && !/[\s:/]/.test(head[start - 1]!)) start -= 1;
  const isUrl = head.startsWith('://', found + 1) && PROTOCOL.test(head.slice(start, found + 1));
  return head.slice(0, isUrl ? found + 4 : start) + secret;
}

/**
 * Whether a text is a URL, or has the credentials of one: no name of a host, a file or a database.
 * @internal
 */
export function isLikeUrl(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  return text.includes('://') || hideSecrets(text) !== text;
}
