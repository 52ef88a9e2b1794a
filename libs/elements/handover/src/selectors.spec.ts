import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isInRange } from './in-force.js';
import { scopeOf, selectorOf } from './selection.js';
import { canonicalSelector, canonicalUri, isDigestOf, selectorDigest } from './selectors.js';
import type { StoredChat, StoredMessage } from './stored-chats.js';

describe('selectors', () => {
  it.each([
    ['tel:+34-600 000 001;phone-context=x', 'tel:+34600000001'],
    ['sip:+34600000001@provider.lab;user=phone', 'tel:+34600000001'],
    ['SIP:Caller1@Provider.LAB:5060;transport=tcp', 'sip:Caller1@provider.lab'],
    ['sips:caller1@provider.lab', 'sip:caller1@provider.lab'],
  ])('%s is %s', (text, canonical) => {
    expect(canonicalUri(text)).toBe(canonical);
  });

  it.each([
    '',
    'tel:112',
    'tel:+34*',
    'sip:*@provider.lab',
    'sip:provider.lab',
    'sip:%@provider.lab',
    'sip:caller?@provider.lab',
    'caller1',
    "tel:+34600000001' or '1'='1",
    `sip:${'x'.repeat(600)}@a`,
  ])('%s is none', (text) => {
    expect(canonicalSelector('uri', text).ok).toBe(false);
  });

  it('a Call Identifier is taken as it is', () => {
    const value = 'urn:emergency:uid:callid:a56e556d871x:app.lab';
    expect(canonicalSelector('call-id', value)).toEqual({ ok: true, value: { kind: 'call-id', value } });
    expect(canonicalSelector('call-id', 'urn:emergency:uid:callid:*:app.lab').ok).toBe(false);
    expect(canonicalSelector('call-id', 'a56e556d871x').ok).toBe(false);
  });
});

describe('the digest of a selector', () => {
  const selector = { kind: 'uri', value: 'tel:+34600000001' } as const;
  const salt = '00112233445566778899aabbccddeeff';

  it('is that of salt and selector', () => {
    const expected = createHash('sha256')
      .update(Buffer.from(salt, 'hex'))
      .update(selector.value)
      .digest('hex');
    expect(selectorDigest(selector, { algorithm: 'sha-256', construct: 'salt-prefix', salt })).toBe(expected);
  });

  it.each([
    ['sha-256', 'salt-prefix'],
    ['sha-512', 'salt-suffix'],
    ['sha3-512', 'hmac'],
  ] as const)(
    '%s with %s is verified, and no other',
    { meta: { clause: 'TS 103 707 D.4.2', shall: ['707:D.4-5'] } },
    (algorithm, construct) => {
      const digest = selectorDigest(selector, { algorithm, construct, salt });
      expect(isDigestOf(selector, { algorithm, construct, salt, digest })).toBe(true);
      expect(
        isDigestOf({ ...selector, value: 'tel:+34600000002' }, { algorithm, construct, salt, digest }),
      ).toBe(false);
      expect(isDigestOf(selector, { algorithm, construct, salt: 'ff'.repeat(16), digest })).toBe(false);
      expect(isDigestOf(selector, { algorithm, construct, digest })).toBe(false);
      expect(isDigestOf(selector, { algorithm, construct, salt, digest: digest.slice(2) })).toBe(false);
      expect(isDigestOf(selector, { algorithm, construct, salt: 'ff', digest })).toBe(false);
    },
  );
});

describe('what is selected', () => {
  const chat: StoredChat = {
    ...{
      version: 1,
      chat: 'c1',
      callId: 'urn:emergency:uid:callid:a1:app.lab',
      centre: 'madrid',
      test: false,
    },
    ...{
      caller: 'tel:+34600000001',
      sender: 'sip:caller1@provider.lab',
      startedAt: '2026-03-04T08:15:30.000Z',
    },
  };
  const message: StoredMessage = {
    ...{ version: 1, chat: 'c1', callId: chat.callId, centre: 'madrid', sequence: 1, kind: 'in-chat' },
    ...{ at: '2026-03-04T08:15:30.000Z', direction: 'in', sender: chat.sender, to: 'urn:service:sos' },
  };
  const range = { from: '2026-03-04T08:15:30Z', until: '2026-03-04T08:15:31Z' };
  const order = { range, categories: ['content'] as const };

  it('is what an authorisation names, by the asserted or the claimed name', () => {
    const uri = (value: string) => ({ kind: 'uri', value }) as const;
    const by = (selectors: readonly Parameters<typeof selectorOf>[1]['selectors'][number][], c = chat) =>
      selectorOf(c, { selectors, includeTests: false });
    expect(by([uri('tel:+34600000001')])).toBeDefined();
    expect(by([uri('sip:caller1@provider.lab')])).toBeDefined();
    expect(by([{ kind: 'call-id', value: chat.callId }])).toBeDefined();
    expect(by([uri('sip:caller2@provider.lab')])).toBeUndefined();
    expect(by([uri('tel:+34600000001')], { ...chat, test: true })).toBeUndefined();
    // A name that cannot be read is nobody's.
    expect(by([], { ...chat, caller: '', sender: '' })).toBeUndefined();
  });

  it('begins with the first moment of the range and ends before the last', () => {
    for (const [at, inside] of [
      ['2026-03-04T08:15:29.999Z', false],
      ['2026-03-04T08:15:30.000Z', true],
      ['2026-03-04T08:15:30.999Z', true],
      ['2026-03-04T08:15:31.000Z', false],
      ['no time', false],
    ] as const) {
      expect(isInRange(at, { range }), at).toBe(inside);
      expect(scopeOf({ ...message, at }, chat, order)).toBe(inside ? 'in-scope' : 'outside');
    }
  });

  it('has only marks of what others hold or said', () => {
    expect(scopeOf({ ...message, imported: 'sip:toledo@b.lab' }, chat, order)).toBe('other-holder');
    expect(scopeOf({ ...message, sender: 'sip:stranger@provider.lab' }, chat, order)).toBe('third-party');
    expect(scopeOf({ ...message, direction: 'out', sender: 'sip:madrid@x' }, chat, order)).toBe('in-scope');
    expect(scopeOf({ ...message, kind: 'heartbeat' }, chat, order)).toBe('outside');
    expect(scopeOf({ ...message, kind: 'heartbeat' }, chat, { range, categories: ['traffic'] })).toBe(
      'in-scope',
    );
  });
});
