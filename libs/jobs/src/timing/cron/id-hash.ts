/**
 * A whole number from 0 to `size - 1` that depends on `id` and `field` alone, on every machine and
 * in every release: jobs keep their times across deploys, and a fleet's jobs spread evenly. `field`
 * keeps the hour of a job independent of its minute.
 *
 * Algorithm: FNV-1a, 32 bits, over UTF-16 code units (Fowler, Noll and Vo), then the finalizer of
 * MurmurHash3 (Appleby), since the low bits of FNV-1a alone spread short, similar ids badly.
 * @internal
 */
export function hashId(id: string, field: string, size: number): number {
  const text = `${field}\n${id}`;
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % size;
}
