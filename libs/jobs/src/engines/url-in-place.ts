/**
 * The fault of connection options that have a URL for one of their parts; it does not repeat the URL.
 * @internal
 */
export function urlInPlaceOf(option: string, expected: string, field = 'connection'): string {
  return (
    `JobsModule.forRoot(): "${field}.${option}" expected ${expected}, got what looks like a whole address. ` +
    `Give that as "${field}" itself`
  );
}
