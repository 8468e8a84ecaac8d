/**
 * Versions at both ends of which the specs of the seams are green: from the lowest that a peer
 * range allows to the one in package-lock.json. A spec compares. `npm run test:peers` tries more.
 * @internal
 */
export const KNOWN_VERSIONS = {
  bullmq: '6.7.0',
  '@nestjs/core': '12.5.0 to 12.5.1',
  ioredis: '6.0.0',
  pg: '8.23.0 to 8.23.1',
} as const;

/** @internal */
export type KnownLibrary = keyof typeof KNOWN_VERSIONS;
