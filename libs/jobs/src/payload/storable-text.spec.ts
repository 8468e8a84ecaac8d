import { describe, expect, it } from 'vitest';
import { isStorableText, toStorableText } from './storable-text.js';

describe('storable text', () => {
  it.each(['', 'plain', 'ü€😀', '\u0001\n', '\uFFFD'])('leaves %j as it is', (text) => {
    expect(toStorableText(text)).toBe(text);
    expect(isStorableText(text, 100)).toBe(true);
  });

  it.each([
    ['NUL', 'a\0b', 'a\uFFFDb'],
    ['a lone high surrogate', 'a\uD83D', 'a\uFFFD'],
    ['a lone low surrogate', '\uDE00b', '\uFFFDb'],
  ])('replaces %s', (_what, text, expected) => {
    expect(toStorableText(text)).toBe(expected);
    expect(isStorableText(text, 100)).toBe(false);
  });

  it('is cut at its limit, and says how much is missing', () => {
    expect(toStorableText('x'.repeat(100), 10)).toBe(`${'x'.repeat(10)}… (90 characters more)`);
    expect(toStorableText('x'.repeat(10), 10)).toBe('x'.repeat(10));
    expect(isStorableText('x'.repeat(11), 10)).toBe(false);
    expect(isStorableText('x'.repeat(10), 10)).toBe(true);
  });

  it('is valid even when the cut splits a character', () => {
    expect(toStorableText('😀😀', 1).isWellFormed()).toBe(true);
  });
});
