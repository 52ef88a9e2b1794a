import { describe, expect, it } from 'vitest';
import { historyInfo, sipReason } from './history-info.js';

const urn = 'urn:service:sos';
const a = 'sip:a@psap.lab';
const b = 'sip:b@psap.lab';

describe('History-Info', () => {
  it(
    'begins with the Request-URI',
    { meta: { clause: 'RFC 7044 9.1, 10.3', shall: ['6.1.2.6-2', '6.1.2.6-4'] } },
    () => {
      expect(historyInfo([], urn, [{ uri: a, by: 'mp' }])).toEqual([
        `<${urn}>;index=1`,
        `<${a}>;index=1.1;mp=1`,
      ]);
    },
  );

  it(
    'says why a target was left at the target that was left',
    { meta: { clause: 'RFC 7044 10.2', shall: ['6.1.2.6-3', '6.1.2.6-5'] } },
    () => {
      const because = sipReason(408, 'no "answer"');
      expect(
        historyInfo([], urn, [
          { uri: a, by: 'mp' },
          { uri: b, by: 'mp', because },
        ]),
      ).toEqual([
        `<${urn}>;index=1`,
        `<${a}?Reason=SIP%3Bcause%3D408%3Btext%3D%22no%20%20answer%20%22>;index=1.1;mp=1`,
        `<${b}>;index=1.2;mp=1`,
      ]);
    },
  );

  it(
    'goes on from the last entry, with a 0 where one is missing',
    { meta: { clause: 'RFC 7044 10.3', shall: '6.1.2.6-6' } },
    () => {
      expect(historyInfo([`<${urn}>;index=1.1`], urn, [{ uri: a, by: 'rc' }])).toEqual([
        `<${urn}>;index=1.1`,
        `<${a}>;index=1.1.1;rc=1.1`,
      ]);
      expect(historyInfo([`<${b}>;index=1.2`], urn, []).at(-1)).toBe(`<${urn}>;index=1.2.0`);
      for (const odd of ['x', '<>;index=1', `<${b}>;index=${'1.'.repeat(500)}1`, `<${b}>;index="1\r\n"`]) {
        expect(historyInfo([odd], urn, []).at(-1)).toBe(`<${urn}>;index=1.0`);
      }
    },
  );

  it('a target that stays the same is np of its parent', { meta: { clause: 'RFC 7044 10.3, 10.4' } }, () => {
    expect(historyInfo([`<${a}>;index=1.1;mp=1`], a, [{ uri: a, by: 'np' }])).toEqual([
      `<${a}>;index=1.1;mp=1`,
      `<${a}>;index=1.1.1;np=1.1`,
    ]);
  });
});
