/** The parts of a mail that the drive looks at. */
export interface ParsedMail {
  /** By lower-case name, unfolded and decoded. */
  headers: Map<string, string>;
  body: string;
}

/** Reads the headers of a `.eml` file, long and non-ASCII ones included. */
export function parseEml(text: string): ParsedMail {
  const normal = text.replaceAll('\r\n', '\n');
  const end = normal.indexOf('\n\n');
  const headers = new Map<string, string>();
  for (const line of normal
    .slice(0, end)
    .replaceAll(/\n[ \t]+/g, ' ')
    .split('\n')) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), decodeWords(line.slice(colon + 1).trim()));
  }
  return { headers, body: normal.slice(end + 2) };
}

/** `=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=` and `=?UTF-8?B?…?=` (RFC 2047). */
function decodeWords(value: string): string {
  return value
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?UTF-8\?([QB])\?([^?]*)\?=/gi, (_match, kind: string, text: string) => {
      if (kind.toUpperCase() === 'B') return Buffer.from(text, 'base64').toString('utf8');
      const bytes = text
        .replaceAll('_', ' ')
        .replaceAll(/=([0-9A-F]{2})/gi, (_hex, code: string) =>
          String.fromCharCode(Number.parseInt(code, 16)),
        );
      return Buffer.from(bytes, 'latin1').toString('utf8');
    });
}
