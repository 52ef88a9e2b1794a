import { expect, it } from 'vitest';
import { maxLanguages, readLanguages } from './languages.js';

it('takes what is written first, then what is wanted by its weight', { meta: { clause: ['RFC 3261 20.3', 'RFC 3261 20.13'] } }, () => {
  expect(readLanguages(['es'], ['en;q=0.5', 'ca', 'de;q=0', '*', 'EN', 'zh-Hant-TW ; q=0.9'])).toEqual(['es', 'ca', 'EN', 'zh-Hant-TW']);
  expect(readLanguages([], ['x<script>', '1a', 'toolonglanguage', 'a-', ';q=1', 'fr;q=nan', `es-${'a'.repeat(40)}`])).toEqual([]);
  expect(readLanguages([], Array.from({ length: 30 }, (_, i) => `a${String.fromCharCode(97 + (i % 26))}`))).toHaveLength(maxLanguages);
}); // prettier-ignore
