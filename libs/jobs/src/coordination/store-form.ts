import type { Engine } from '../contracts/index.js';
import { NewerStoreError } from '../errors/index.js';
import { Records } from './records.js';

/**
 * The form of all that this version stores beside BullMQ's own: the next one with every change that
 * others would misread.
 */
const FORM = 1;

/**
 * The oldest form that a process must know to work beside this version: {@link FORM}, once others
 * could do harm.
 */
const NEEDS = 1;

const KEY = 'form';

/** What is stored of the versions that have worked on a store. */
interface StoreForm {
  /** The newest form that one of them has. */
  readonly form: number;
  /** The oldest one that a process must know. */
  readonly needs: number;
}

/**
 * Refuses a store that a newer version has changed so that this one cannot work on it; else notes
 * there that this version works on it. To be called before anything is done with it, and now and
 * then.
 * @throws NewerStoreError
 * @internal
 */
export async function joinStore(engine: Engine): Promise<void> {
  const difference = (await engine.newerThanKnown()) ?? (await noteForm(engine));
  if (difference !== undefined) throw new NewerStoreError(engine.name, engine.address, difference);
}

/** @returns why the store cannot be worked on; the record stays as it is then */
async function noteForm(engine: Engine): Promise<string | undefined> {
  const noted = await new Records<StoreForm>(engine, '').change(KEY, (stored) => {
    if (stored === undefined) return { form: FORM, needs: NEEDS };
    if (stored.needs > FORM || (stored.form >= FORM && stored.needs >= NEEDS)) return stored;
    return { ...stored, form: Math.max(stored.form, FORM), needs: Math.max(stored.needs, NEEDS) };
  });
  if (noted.needs <= FORM) return undefined;
  return `expected stored forms that a version with form ${FORM} can work with, got some that need form ${noted.needs}`;
}
