import { describe, expect, it } from 'vitest';
import { hideSecrets } from './hide-secrets.js';
import { show } from './option-rules.js';
import { validateModuleOptions } from './validate-module-options.js';

describe('a text with credentials', () => {
  it.each([
    ['redis://u:hunter2@h:6379/0', 'redis://***@h:6379/0'],
    ['redis://:hunter2/@x@h', 'redis://***@h'],
    ['postgres://u:hunter 2@h/db', 'postgres://***@h/db'],
    ['//u:hunter2@h/jobs.db', '//***@h/jobs.db'],
    ['u:hunter2@h/jobs.db', '***@h/jobs.db'],
    ['redis://h?password=hunter2&db=0', 'redis://h?password=***&db=***'],
    ['file:./x.sqlite?key=hunter2', 'file:./x.sqlite?key=***'],
    ["host=h password='hunter 2' dbname=x", 'host=h password=*** dbname=x'],
    ['host=h PASSWORD = hunter2', 'host=h PASSWORD = ***'],
  ])('%s is shown as %s', (text, shown) => {
    expect(hideSecrets(text)).toBe(shown);
    expect(show(text)).toBe(JSON.stringify(shown));
  });

  it.each(['redis://h:6379/0', './jobs.db', 'C:\\jobs.db', '0 9 * * 1-5', 'a@b.example', 'a=b'])(
    '%s has none',
    (text) => expect(hideSecrets(text)).toBe(text),
  );

  it('may be one of megabytes, whatever it consists of', () => {
    const parts = ['x', '?', '&', 'a:', '@', '/', ' ', 'pass', "pass='", 'pass ', 'a='];
    for (const part of parts)
      expect(show(part.repeat(1_000_000 / part.length)).length).toBeLessThan(130);
  });

  it('has none left where it is cut', () => {
    expect(show(`redis://u:${'hunter2'.repeat(20)}@h`)).toBe('"redis://***@h"');
  });

  it('is hidden in the fault of whichever option it was given for', () => {
    const url = 'redis://u:hunter2@h';
    const names = ['prefix', 'schema', 'workers', 'queues', 'lock', 'connectTimeout', 'defaults'];
    const given = [
      url,
      { [url]: 1 },
      { queues: { [url]: { concurrency: 0 } } },
      { queues: { q: url } },
      ...names.map((name) => ({ [name]: url })),
    ];
    for (const options of given) {
      const faults = validateModuleOptions(options).join('\n');
      expect(faults).not.toBe('');
      expect(faults).not.toContain('hunter2');
    }
  });
});
