import { describe, expect, it } from 'vitest';
import { closest } from './did-you-mean.js';

describe('did you mean', () => {
  it('finds the nearest word', () => {
    expect(closest('atempts', ['attempts', 'backoff', 'timeout'])).toBe('attempts');
    expect(closest('RemoveOnFial', ['removeOnComplete', 'removeOnFail'])).toBe('removeOnFail');
  });

  it('prefers the nearer of two', () => {
    expect(closest('send', ['sends', 'send2x', 'sent'])).toBe('sends');
    expect(closest('emailz', ['emaill1', 'emails'])).toBe('emails');
  });

  it('is silent when nothing is near', () => {
    expect(closest('colour', ['attempts', 'backoff'])).toBeUndefined();
    expect(closest('attempts', [])).toBeUndefined();
  });
});
