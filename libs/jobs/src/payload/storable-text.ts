/**
 * Text as every engine can store it: no NUL (PostgreSQL refuses it), no lone surrogates (no valid
 * UTF-8), and no longer than the limit.
 * @param limit most characters that are kept; default no limit
 * @internal
 */
export function toStorableText(text: string, limit = Number.POSITIVE_INFINITY): string {
  const cut =
    text.length > limit
      ? `${text.slice(0, limit)}… (${text.length - limit} characters more)`
      : text;
  if (cut.isWellFormed() && !cut.includes('\0')) return cut;
  return cut.replaceAll('\0', '\uFFFD').toWellFormed();
}

/** Whether {@link toStorableText} would leave the text as it is. @internal */
export function isStorableText(text: string, limit: number): boolean {
  return text.length <= limit && text.isWellFormed() && !text.includes('\0');
}
