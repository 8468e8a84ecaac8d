/**
 * PostgreSQL stores no NUL character in text or JSON, and no half of a surrogate pair in JSON. An
 * error message that holds one would make the failure itself fail to be stored. They become U+FFFD,
 * Unicode's sign for what could not be represented. (Arguments never get here with one: they are
 * refused or escaped when a job is enqueued.)
 */
const REPLACEMENT = '\uFFFD';

/** Text without what PostgreSQL cannot store; anything else as it is. @internal */
export function withoutUnstorable(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const wellFormed = value.isWellFormed() ? value : value.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', REPLACEMENT) : wellFormed;
}

/**
 * An escape in JSON text: a backslash and what follows. `JSON.stringify` escapes NUL and lone
 * surrogates alone in this form; a whole pair it writes as it is.
 */
const ESCAPE = /\\(?:u([0-9a-f]{4})|[^u])/gi;
const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i;

/** The same for text that is JSON, where such characters are escaped. @internal */
export function withoutUnstorableJson(value: unknown): unknown {
  if (typeof value !== 'string' || !SUSPICIOUS.test(value)) return withoutUnstorable(value);
  const replaced = value.replaceAll(ESCAPE, (escape: string, hex: string | undefined) =>
    hex !== undefined && /^(?:0000|d[89a-f]..)$/i.test(hex) ? REPLACEMENT : escape,
  );
  return withoutUnstorable(replaced);
}
