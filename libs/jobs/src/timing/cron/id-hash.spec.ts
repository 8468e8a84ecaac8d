import { describe, expect, it } from 'vitest';
import { hashId } from './id-hash.js';

describe('the hash of an id', () => {
  it('is the same for ever', () => {
    expect(hashId('nightly-report', 'minute', 60)).toBe(36);
    expect(hashId('nightly-report', 'hour', 24)).toBe(5);
    expect(hashId('', 'minute', 60)).toBe(hashId('', 'minute', 60));
  });

  it('spreads a fleet evenly', () => {
    const counts = Array.from({ length: 60 }, () => 0);
    for (let i = 0; i < 6_000; i++) counts[hashId(`tenant-${i}.report`, 'minute', 60)]!++;
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(150);
  });

  it('keeps the hour independent of the minute', () => {
    const pairs = new Set<string>();
    for (let i = 0; i < 500; i++)
      pairs.add(`${hashId(`${i}`, 'hour', 24)}:${hashId(`${i}`, 'minute', 60)}`);
    expect(pairs.size).toBeGreaterThan(380);
  });
});
