/**
 * By the OID of its type, how a value is read from the text that the server sends. All others stay
 * text.
 */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't', // boolean
  21: Number, // smallint
  23: Number, // integer
  700: Number, // real
  701: Number, // double precision
  114: (text) => JSON.parse(text) as unknown, // json
  3802: (text) => JSON.parse(text) as unknown, // jsonb
  1016: (text) => text.slice(1, -1).split(',').filter(Boolean), // bigint[]; a bigint stays text
};

const asText = (text: string): string => text;

/**
 * How our connections read what the server sends. The driver's own parsers are global to the
 * process, and the application's to change: `bigint` as a number or BigInt, JSON as text, dates by
 * another library.
 * @internal
 */
export const TYPES = {
  getTypeParser: (oid: number): ((text: string) => unknown) => PARSERS[oid] ?? asText,
};
