import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { defaultLimits } from './limits.js';

const page = readFileSync(join(import.meta.dirname, '../../../../docs/limits.md'), 'utf8');

/** Keys and defaults of the table below a heading. */
function tableOf(section: string): [key: string, value: string][] {
  const text = page.split(`\n## \`limits.${section}\`\n`)[1]?.split('\n## ')[0] ?? '';
  return text.split('\n').flatMap((line): [string, string][] => {
    const [, key = '', value = ''] = line.split('|').map((cell) => cell.trim());
    return key.startsWith('`') ? [[key.slice(1, -1), value]] : [];
  });
}

describe('docs/limits.md has every key of the section limits with its default', () => {
  for (const [section, defaults] of Object.entries(defaultLimits)) {
    it(section, () => {
      const expected = Object.entries(defaults as Record<string, number>).map(
        ([key, value]): [string, string] => [key, value.toLocaleString('en-US')],
      );
      expect(new Map(tableOf(section))).toEqual(new Map(expected));
    });
  }
});
