/**
 * The first one with all that is used here: node:sqlite without a flag, Promise.withResolvers(),
 * require(esm).
 */
const OLDEST = [22, 13] as const;

/**
 * What is wrong with the Node.js that runs this: an older one boots, and fails at the first job.
 * @param version as in `process.versions.node`
 * @internal
 */
export function nodeFaults(version: string): string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
  if (isNewEnough) return [];
  return [`nestjs-jobs: expected Node.js ${OLDEST.join('.')} or newer, got ${version}`];
}
