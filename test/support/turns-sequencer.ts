import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Where files wait for locks, clocks and other processes most of their time; those that wait
 * longest first.
 */
const WAITING = ['/test/e2e/', '/test/faults/'];

/**
 * Small files that compute for minutes: by their size they would come last, and be waited for
 * alone.
 */
const LONG = '/test/differential/';

/** When the last of them starts, as a part of all files: none is waited for alone at the end. */
const LAST_WAITING = 0.75;

/**
 * Files that wait take turns with files that compute, so that the processors have work from the
 * first minute to the last.
 */
export class TurnsSequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- not an array's
    const sorted = await super.sort(files);
    const waiting = WAITING.flatMap((folder) =>
      sorted.filter(({ moduleId }) => moduleId.includes(folder)),
    );
    const rest = sorted.filter((file) => !waiting.includes(file));
    const isLong = ({ moduleId }: TestSpecification) => moduleId.includes(LONG);
    const computing = [...rest.filter(isLong), ...rest.filter((file) => !isLong(file))];
    return [...spread(waiting, LAST_WAITING), ...spread(computing, 1)]
      .toSorted((a, b) => a.place - b.place)
      .map(({ file }) => file);
  }
}

/** Gives files their places, in their order and as evenly as their number allows. */
function spread(
  files: readonly TestSpecification[],
  last: number,
): { file: TestSpecification; place: number }[] {
  return files.map((file, index) => ({ file, place: (last * (index + 0.5)) / files.length }));
}
