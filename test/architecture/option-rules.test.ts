import { globSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** A table that names no options compiles without a rule for each of them. */
const UNTYPED = /\b(\w+): (?:Readonly<)?Record<string, Rule>>? = (?!\{\})/g;

it('has every table of rules typed by the options that it is for', () => {
  const untyped = globSync('libs/*/src/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(UNTYPED)].map(([, table]) => `${file}: ${table}`),
  );
  expect(untyped).toEqual([]);
});
