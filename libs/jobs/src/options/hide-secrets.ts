/** User and password of a URL, with its protocol or without: all before the last `@`, as passwords may have any sign. */
const USER_OF_URL = /((?:[a-z][a-z0-9+.-]*:)?\/\/)[^]*@|[^\s:/]+:[^]*@/i;

/** The values of a URL's query. */
const QUERY_VALUES = /([?&][^=&\s]+=)[^&\s]*/g;

/** What goes by such a name in pairs, as those of libpq. */
const NAMED_SECRETS = /(\b\w*(?:pass|pwd|secret|token)\w*\s*=\s*)(?:'[^']*'|[^\s&*]+)/gi;

/**
 * A text without what looks like credentials in an address. Addresses come from variables, and those are mixed up: each
 * text that a message repeats goes through this.
 * @internal
 */
export function hideSecrets(text: string): string {
  return text
    .replace(USER_OF_URL, (_, before = '') => `${before}***@`)
    .replace(QUERY_VALUES, '$1***')
    .replace(NAMED_SECRETS, '$1***');
}

/** Whether a text is a URL, or has the credentials of one: no name of a host, a file or a database. @internal */
export function isLikeUrl(text: unknown): boolean {
  if (typeof text !== 'string') return false;
  return text.includes('://') || hideSecrets(text) !== text;
}
