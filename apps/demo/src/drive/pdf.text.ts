import { inflateSync } from 'node:zlib';

/**
 * The text of a PDF that was made with a standard font: enough to look for words and sums in it.
 * Text is drawn by `[<hex> kerning <hex> …] TJ` in compressed streams.
 */
export function textOfPdf(pdf: Buffer): string {
  const content = streamsOf(pdf).join('\n');
  return [...content.matchAll(/\[([^\]]*)\] TJ/g)]
    .map(([, parts = '']) =>
      [...parts.matchAll(/<([0-9a-f]*)>/gi)].map(([, hex = '']) => fromHex(hex)).join(''),
    )
    .join('\n');
}

/** Windows-1252 is what standard fonts are encoded in. */
function fromHex(hex: string): string {
  return new TextDecoder('windows-1252').decode(Buffer.from(hex, 'hex'));
}

function streamsOf(pdf: Buffer): string[] {
  const streams: string[] = [];
  for (let start = 0; ;) {
    const open = pdf.indexOf('stream\n', start);
    const close = pdf.indexOf('\nendstream', open);
    if (open < 0 || close < 0) return streams;
    streams.push(inflated(pdf.subarray(open + 'stream\n'.length, close)));
    start = close + '\nendstream'.length;
  }
}

/** Streams that are not compressed (or are images) hold no text that we look for. */
function inflated(stream: Buffer): string {
  try {
    return inflateSync(stream).toString('latin1');
  } catch {
    return '';
  }
}
