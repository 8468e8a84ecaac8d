import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FIRST_CHECK_MS, LONGEST_CHECK_MS, MOST_GIVEN } from '../contracts/index.js';
import { COORDINATION_MIGRATIONS } from './postgres/postgres-scripts.js';
import { TURN_MIGRATION } from './postgres/postgres-turn-scripts.js';
import { COORDINATION_TABLES } from './sqlite/sqlite-scripts.js';

/**
 * What each text was when databases were made of it. One that changes would reach new databases
 * alone: on PostgreSQL append a migration and its hash, on SQLite a statement that changes what is
 * there.
 */
const POSTGRES = ['ce4e2439109e7b09', '1d6de74c58ed199a', 'eb2b29472b3cc1f6'];
const SQLITE = [
  '2eead08c47d10a80',
  '4bc3c465d3751fbd',
  '53b0b4be9d7f433a',
  '3b2ec2f10c4669af',
  '6e836b4a1b1a6bca',
  '172b574bbfd51c2a',
  '4c39a307701aeff5',
  '4ae7c9797005f159',
  'a3a4b45c562352eb',
  '9ad354cfca6b2bfe',
  '25cda0052b8989f9',
  '7b236625e4a696ff',
  '0325ff98db8a3b39',
];

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);

describe('what databases were made of', () => {
  it.each([
    ['PostgreSQL', COORDINATION_MIGRATIONS, POSTGRES],
    ['SQLite', COORDINATION_TABLES, SQLITE],
  ])('stays what it was on %s', (_engine, texts, hashes) => {
    expect(texts.map(hashOf)).toEqual(hashes);
  });

  it('has the numbers of the lines that the other engines have', () => {
    const intervals = [...TURN_MIGRATION.matchAll(/interval '(\d+) milliseconds'/g)];
    expect(intervals.map(([, ms]) => Number(ms))).toEqual([
      FIRST_CHECK_MS,
      FIRST_CHECK_MS,
      FIRST_CHECK_MS,
      LONGEST_CHECK_MS,
    ]);
    expect(TURN_MIGRATION).toContain(
      `least(greatest(age_ms / 2, ${FIRST_CHECK_MS}), ${LONGEST_CHECK_MS})`,
    );
    expect(TURN_MIGRATION).toContain(`least(p_limit - count(*), ${MOST_GIVEN})`);
  });
});
