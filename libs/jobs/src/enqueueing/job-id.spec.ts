import { afterEach, describe, expect, it, vi } from 'vitest';
import { rules } from '../options/index.js';
import { newJobId } from './job-id.js';

describe('a job id', () => {
  afterEach(() => vi.useRealTimers());

  it('is a UUID of version 7', () => {
    for (let i = 0; i < 100; i++) {
      expect(newJobId()).toMatch(
        /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
      );
    }
  });

  it('starts with its time', () => {
    vi.useFakeTimers({ now: 0x0123_4567_89ab });
    expect(newJobId()).toMatch(/^01234567-89ab-7/);
    vi.setSystemTime(5);
    expect(newJobId()).toMatch(/^00000000-0005-7/);
  });

  it('sorts after every id of an earlier millisecond', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    const ids = Array.from({ length: 200 }, () => {
      vi.advanceTimersByTime(1);
      return newJobId();
    });
    expect(ids.toSorted()).toEqual(ids);
  });

  it('sorts after the ids that were made before it in its millisecond, as far as 12 bits count', () => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    const ids = Array.from({ length: 0x1000 }, newJobId);
    expect(ids.toSorted()).toEqual(ids);
  });

  it('is new each time, in one millisecond and when the clock is set back to it', () => {
    vi.useFakeTimers({ now: 1 });
    const ids = Array.from({ length: 10_000 }, newJobId);
    vi.setSystemTime(2);
    ids.push(newJobId());
    vi.setSystemTime(1);
    ids.push(...Array.from({ length: 10_000 }, newJobId));
    expect(new Set(ids).size).toBe(20_001);
  });

  it('may be given back as an own id, to repeat an enqueue', () => {
    expect(rules.jobId.accepts(newJobId())).toBe(true);
  });
});
