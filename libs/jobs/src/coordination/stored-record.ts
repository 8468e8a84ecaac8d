import { DamagedRecordError, NewerRecordError } from '../errors/index.js';

/**
 * The form of all records that this version writes. A record says its form in `v`; without one it
 * is of form 1.
 *
 * What only adds to a record needs no other form: a reader keeps what it does not know. A record
 * that older versions would misread gets the next one, and they leave it as it is.
 */
const FORM = 1;

/**
 * Whether a newer version wrote something in a form that this one does not know: a record, or the
 * data of a job or hub. @internal
 */
export function isOfNewerForm(value: unknown): value is { readonly v: number } {
  const form = (value as { v?: unknown } | null | undefined)?.v;
  return typeof form === 'number' && form > FORM;
}

/**
 * Reads a record of ours.
 * @param key under which it is stored, for the message
 * @throws NewerRecordError when a newer version wrote it in a form that this one does not know;
 *   DamagedRecordError when it is no JSON
 * @internal
 */
export function parseRecord(text: string, key: string): unknown {
  const value = parseJson(text, key);
  if (isOfNewerForm(value)) throw new NewerRecordError(key, value.v, FORM);
  return value;
}

/**
 * As {@link parseRecord}: undefined when a newer version wrote it in a form that this one does not
 * know. @internal
 */
export function parseKnown(text: string, key: string): unknown {
  try {
    return parseRecord(text, key);
  } catch (error) {
    if (error instanceof NewerRecordError) return undefined;
    throw error;
  }
}

/**
 * As {@link parseRecord}, of a message to other processes: undefined when this one cannot read it.
 * @internal
 */
export function parseMessage(text: string): unknown {
  try {
    return parseRecord(text, 'a message');
  } catch {
    return undefined;
  }
}

/**
 * Whether a record is there, and this process cannot read it: it is a newer version's, or damaged.
 * @internal
 */
export function isUnreadableRecord(error: unknown): error is NewerRecordError | DamagedRecordError {
  return error instanceof NewerRecordError || error instanceof DamagedRecordError;
}

function parseJson(text: string, key: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DamagedRecordError(key, (error as Error).message, { cause: error });
  }
}
