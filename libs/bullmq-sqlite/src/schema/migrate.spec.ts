import { DatabaseSync } from 'node:sqlite';
import { beforeEach, describe, expect, it } from 'vitest';
import { NewerSchemaError } from '../errors/index.js';
import { migrate } from './migrate.js';
import { SCHEMA } from './schema.js';

const TABLES = ['CREATE TABLE one (a)', 'CREATE TABLE two (a)', 'CREATE TABLE three (a)'];
const [OLD, NEW] = [TABLES.slice(0, 2), TABLES];

describe('a file of another version', () => {
  let database: DatabaseSync;
  const version = () => database.prepare('PRAGMA user_version').get()!.user_version;

  beforeEach(() => {
    database = new DatabaseSync(':memory:');
    return () => database.close();
  });

  it('is refused by a version that does not know what has changed', () => {
    migrate(database, 'f', NEW, new Set());
    expect(version()).toBe(3);
    expect(() => migrate(database, 'f', OLD)).toThrow(NewerSchemaError);
    expect(() => migrate(database, 'f', OLD)).toThrow('version 2 or older, got version 3');
  });

  it('is worked on where something was only added, and stays what it is', () => {
    migrate(database, 'f', OLD, new Set());
    migrate(database, 'f', NEW, new Set([3]));
    expect(version()).toBe(2_003);
    migrate(database, 'f', OLD);
    expect(version()).toBe(2_003);
    migrate(database, 'f', NEW, new Set([3]));
    expect(version()).toBe(2_003);
    const more = [...NEW, 'CREATE TABLE four (a)'];
    migrate(database, 'f', more, new Set([3]));
    expect(version()).toBe(4);
  });

  it('is brought to this version', () => {
    migrate(database, 'f', SCHEMA.slice(0, 2));
    migrate(database, 'f');
    migrate(database, 'f');
    expect(version()).toBe(SCHEMA.length);
  });
});
