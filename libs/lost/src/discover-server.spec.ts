import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { isInnerAddress } from './address-policy.js';
import { LostDiscovery, type NaptrRecord, defaultDiscoveryLimits, lostRule } from './discover-server.js';

const record = (service: string, regexp: string, more: Partial<NaptrRecord> = {}): NaptrRecord => ({
  order: 100,
  preference: 10,
  flags: 'u',
  service,
  regexp,
  replacement: '',
  ...more,
});

const anything = (): boolean => true;

it(
  'takes the https server before the http one, whatever their order, and without case',
  { meta: { clause: ['RFC 5222 4', 'RFC 5222 17.1', 'RFC 4848 4.5'] } },
  () => {
    const https = record('LoST:https', '!.*!https://lost.example/secure!', { order: 200 });
    const http = record('lost:HTTP', '!.*!http://lost.example/!', { flags: 'U' });
    expect(lostRule([http, https], anything)).toEqual({ kind: 'url', url: 'https://lost.example/secure' });
    expect(lostRule([http], anything)).toEqual({ kind: 'url', url: 'http://lost.example/' });
    expect(lostRule([http], (url) => url.protocol === 'https:')).toEqual({ kind: 'none' });
    const second = record('LoST:https', '!.*!https://b.example/!', { preference: 20 });
    const first = record('LoST:https', '!.*!https://a.example/!', { preference: 10 });
    expect(lostRule([second, first], anything)).toEqual({ kind: 'url', url: 'https://a.example/' });
  },
);

it.each([
  ['another service', record('SIP+D2T', '!.*!https://a.example/!')],
  ['no protocol', record('LoST', '!.*!https://a.example/!')],
  ['a flag there is none of', record('LoST:https', '!.*!https://a.example/!', { flags: 'p' })],
  ['a host to look up', record('LoST:https', '', { flags: 'a', replacement: 'a.example' })],
  ['a pattern of its own', record('LoST:https', '!(a+)+$!https://a.example/!')],
  ['another delimiter', record('LoST:https', '/.*/https://a.example/')],
  ['no URL', record('LoST:https', '!.*!lost.example!')],
  ['a URL of another scheme', record('LoST:https', '!.*!file:///etc/passwd!')],
  ['http under the name of https', record('LoST:https', '!.*!http://a.example/!')],
  ['a name and a password', record('LoST:https', '!.*!https://a:b@a.example/!')],
  ['more than one URL', record('LoST:https', '!.*!https://a.example/!https://b.example/!')],
  ['a very long one', record('LoST:https', `!.*!https://a.example/${'x'.repeat(4_000)}!`)],
])('passes over %s', { meta: { clause: ['RFC 4848 2.2', 'RFC 4848 4.4', 'RFC 4848 4.6'] } }, (_name, bad) => {
  expect(lostRule([bad], anything)).toEqual({ kind: 'none' });
  const good = record('LoST:https', '!.*!https://good.example/!', { order: 999 });
  expect(lostRule([bad, good], anything)).toEqual({ kind: 'url', url: 'https://good.example/' });
});

function discovery(answers: Map<string, readonly NaptrRecord[] | 'fails' | 'silent'>) {
  const clock = new ManualClock();
  const asked: string[] = [];
  const found = new LostDiscovery(
    {
      resolveNaptr(name) {
        asked.push(name);
        const answer = answers.get(name) ?? [];
        if (answer === 'silent') return new Promise(() => undefined);
        return answer === 'fails' ? Promise.reject(new Error('SERVFAIL')) : Promise.resolve(answer);
      },
    },
    clock,
    anything,
  );
  return { clock, asked, found };
}

it(
  'goes on to the next name, keeps what it found for its time, and asks once for all who wait',
  { meta: { clause: 'RFC 4848 4.4' } },
  async () => {
    const answers = new Map([
      ['a.example', [record('LoST', '', { flags: '', replacement: 'B.example.' })]],
      ['b.example', [record('LoST:https', '!.*!https://b.example/lost!')]],
      ['loop.example', [record('LoST', '', { flags: '', replacement: 'loop.example' })]],
    ]);
    const { clock, asked, found } = discovery(answers);
    const both = await Promise.all([found.urlOf('A.example'), found.urlOf('a.example')]);
    expect(both).toEqual(['https://b.example/lost', 'https://b.example/lost']);
    await found.urlOf('a.example');
    expect(asked).toEqual(['a.example', 'b.example']);
    clock.advance(defaultDiscoveryLimits.ttlMs);
    await found.urlOf('a.example');
    expect(asked).toHaveLength(4);
    expect(await found.urlOf('loop.example')).toBeUndefined();
    expect(asked.filter((name) => name === 'loop.example')).toHaveLength(4);
  },
);

it('serves the last good answer while the DNS fails or is silent, and gives up in time', async () => {
  const answers = new Map<string, readonly NaptrRecord[] | 'fails' | 'silent'>([
    ['a.example', [record('LoST:https', '!.*!https://a.example/!')]],
    ['never.example', 'silent'],
  ]);
  const { clock, asked, found } = discovery(answers);
  expect(await found.urlOf('a.example')).toBe('https://a.example/');
  for (const how of ['fails', 'silent'] as const) {
    answers.set('a.example', how);
    clock.advance(defaultDiscoveryLimits.ttlMs);
    const waiting = found.urlOf('a.example');
    await clock.run(defaultDiscoveryLimits.timeoutMs);
    expect(await waiting).toBe('https://a.example/');
    // Not asked again at once.
    const before = asked.length;
    expect(await found.urlOf('a.example')).toBe('https://a.example/');
    expect(asked).toHaveLength(before);
  }
  clock.advance(defaultDiscoveryLimits.staleMs);
  const waiting = found.urlOf('a.example');
  await clock.run(defaultDiscoveryLimits.timeoutMs);
  expect(await waiting).toBeUndefined();
  const never = found.urlOf('never.example');
  await clock.run(defaultDiscoveryLimits.timeoutMs);
  expect(await never).toBeUndefined();
  expect(clock.waiting).toBe(0);
});

it('knows addresses that nobody outside has any business to name', () => {
  for (const address of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '::1', 'fe80::1', '::ffff:127.0.0.1']) {
    expect([address, isInnerAddress(address)]).toEqual([address, true]);
  }
  for (const address of ['192.0.2.1', '203.0.113.9', '2001:db8::1', '::ffff:192.0.2.1']) {
    expect([address, isInnerAddress(address)]).toEqual([address, false]);
  }
});
