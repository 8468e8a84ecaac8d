import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where files wait for locks, clocks and other processes most of their time; those that wait longest first. */
const WAITING = ['/test/e2e/', '/test/faults/'];

/**
 * Files that wait take turns with files that compute, so that the processors have work from the first minute to the
 * last.
 */
export default class TurnsSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const waiting = WAITING.flatMap((folder) =>
      sorted.filter(({ moduleId }) => moduleId.includes(folder)),
    );
    const computing = sorted.filter((file) => !waiting.includes(file));
    return interleave(waiting, computing);
  }
}

/** All of both, in their order, as evenly mixed as their numbers allow. */
function interleave<T>(first: readonly T[], second: readonly T[]): T[] {
  const placed = [first, second].flatMap((list) =>
    list.map((item, index) => ({ item, place: (index + 0.5) / list.length })),
  );
  return placed.toSorted((a, b) => a.place - b.place).map(({ item }) => item);
}
