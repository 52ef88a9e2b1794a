import { ManualClock, err, ok } from '@esinet/kernel';
import type { LostAnswer } from '@esinet/lost';
import { editMessage } from '@esinet/sip';
import { leaving, sipMessage } from '@esinet/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  type FakeHeld,
  type FakeLost,
  deps,
  destinations,
  fakeHeld,
  fakeLost,
  found,
  mapping,
  never,
  pidfLo,
  readBack,
  request,
} from './esrp-fixture.js';
import { type RouteDeps, type Routed, hasPriority, loadClassOf, route } from './route.js';

let clock: ManualClock;
let lost: FakeLost;
let held: FakeHeld;
let use: RouteDeps;

beforeEach(() => {
  clock = new ManualClock();
  lost = fakeLost();
  held = fakeHeld();
  use = deps(clock, { lost, held });
});

const byValue = {
  headers: [['Geolocation', '<cid:loc@app.example>']],
  parts: { 'loc@app.example': pidfLo() },
} as const;
const byReference = { headers: [['Geolocation', '<https://lis.lab/loc/1>']] } as const;

/** Routes while the clock runs: `ms` of it at most. */
async function routed(draft: Parameters<typeof request>[0], ms = 2_000): Promise<Routed> {
  let done: Routed | undefined;
  void route(request(draft), use).then((result) => (done = result));
  for (let passed = 0; !done && passed <= ms; passed += 10) await clock.run(10);
  if (!done) throw new Error(`not routed within ${ms} ms`);
  return done;
}

function isDefault({ decision }: Routed): void {
  expect(decision).toMatchObject({ kind: 'forward', targets: [{ destination: destinations.psap }] });
}

describe('the way to the mapped PSAP', () => {
  it(
    'keeps the service URN, names the PSAP in a Route, and tells the history',
    { meta: { clause: 'RFC 3261 16.6; RFC 7044 9.2', shall: ['5.2.2-3', '6.1.2.6-2', '6.1.2.6-4'] } },
    async () => {
      const result = await routed(byValue);
      expect(result.explanation).toMatchObject({
        role: 'emergency',
        location: 'value',
        mapping: 'lost',
        boundary: 'ecrf.lab/madrid',
        uri: 'sip:madrid@psap.esinet.internal',
      });
      const after = leaving(request(byValue), result);
      expect(after.requestUri).toBe('urn:service:sos');
      expect(after.values('Route')).toEqual(['<sip:madrid@psap.esinet.internal;lr>']);
      expect(after.values('History-Info')).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:madrid@psap.esinet.internal>;index=1.1;mp=1',
      ]);
      expect(after.has('Reason')).toBe(false);
      expect(after.body.equals(request(byValue).body)).toBe(true);
      expect(lost.asked[0]).toMatchObject({
        service: 'urn:service:sos',
        serviceBoundary: 'value',
        locations: [{ profile: 'geodetic-2d' }],
      });
    },
  );

  it(
    'asks for the service itself when it is tested',
    { meta: { clause: 'RFC 6881 17; TS 103 698 6.1.2.10', shall: ['6.1.2.10-1', '6.1.2.10-2'] } },
    async () => {
      for (const uri of ['urn:service:sos.fire.test', 'urn:service:test.sos.fire']) {
        const result = await routed({ ...byValue, uri });
        expect(result.explanation).toMatchObject({ service: 'urn:service:sos.fire', test: true });
        expect(leaving(request({ ...byValue, uri }), result).requestUri).toBe(uri);
      }
      expect(lost.asked[0]?.service).toBe('urn:service:sos.fire');
    },
  );

  it(
    'has the other URIs and the default PSAP behind it',
    { meta: { clause: 'RFC 7044 10.3', shall: ['6.1.2.6-4', '6.1.2.6-5'] } },
    async () => {
      lost.answer = () =>
        Promise.resolve(
          ok(
            found({
              ...mapping,
              uris: ['xmpp:x', 'sip:madrid@psap.esinet.internal', 'sips:second@psap.esinet.internal;lr'],
            }),
          ),
        );
      const result = await routed(byValue);
      const second = leaving(request(byValue), result, 1);
      expect(second.values('Route')).toEqual(['<sips:second@psap.esinet.internal;lr>']);
      const third = leaving(request(byValue), result, 2);
      expect(third.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
      expect(third.values('History-Info').map((value) => value.slice(value.indexOf('>') + 1))).toEqual([
        ';index=1',
        ';index=1.1;mp=1',
        ';index=1.2;mp=1',
        ';index=1.3;mp=1',
      ]);
      expect(third.header('Reason')).toBe('SIP;cause=408;text="next hop did not answer"');
    },
  );

  it('leaves a PSAP of another ESInet to the border', { meta: { clause: 'TS 103 698 D.2' } }, async () => {
    lost.answer = () => Promise.resolve(ok(found({ ...mapping, uris: ['sip:b.1@public.b'] })));
    const result = await routed(byValue);
    expect(result.decision).toMatchObject({
      targets: [{ destination: destinations.border }, { destination: destinations.psap }],
    });
    expect(leaving(request(byValue), result).values('Route')).toEqual(['<sip:b.1@public.b;lr>']);
  });

  it(
    'goes on with the history that came',
    { meta: { clause: 'RFC 7044 9.1, 10.3', shall: '6.1.2.6-6' } },
    async () => {
      const history = '<sip:112@provider.lab>;index=1, <urn:service:sos>;index=1.1;rc=1';
      const draft = { ...byValue, headers: [...byValue.headers, ['History-Info', history]] as const };
      const after = leaving(request(draft), await routed(draft));
      expect(after.values('History-Info')).toEqual([
        '<sip:112@provider.lab>;index=1',
        '<urn:service:sos>;index=1.1;rc=1',
        '<sip:madrid@psap.esinet.internal>;index=1.1.1;mp=1.1',
      ]);
      const gap = {
        ...byValue,
        headers: [...byValue.headers, ['History-Info', '<sip:x@y.example>;index=1.2']] as const,
      };
      expect(
        leaving(request(gap), await routed(gap))
          .values('History-Info')
          .slice(1),
      ).toEqual([
        '<urn:service:sos>;index=1.2.0',
        '<sip:madrid@psap.esinet.internal>;index=1.2.0.1;mp=1.2.0',
      ]);
    },
  );

  it(
    'rewrites for a next hop that cannot take a URN, and back',
    { meta: { clause: 'RFC 3261 16.6' } },
    async () => {
      use = deps(clock, {
        lost,
        policy: { rewrite: new Map([['psap.esinet.internal', 'request-uri-and-to']]) },
      });
      const result = await routed(byValue);
      const after = leaving(request(byValue), result);
      expect(after.requestUri).toBe('sip:madrid@psap.esinet.internal');
      expect(after.has('Route')).toBe(false);
      expect(after.header('To')).toBe('<sip:madrid@psap.esinet.internal>');
      const response = sipMessage(
        Buffer.from(
          'SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKfixture\r\nFrom: <sip:anna@app.example>;tag=1\r\nTo: <sip:madrid@psap.esinet.internal>;tag=9\r\nCall-ID: call-1@192.0.2.1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n',
        ),
      );
      const { decision } = result;
      if (decision.kind !== 'forward' || !decision.responseEdits) throw new Error('no response edits');
      expect(
        sipMessage(editMessage(response, { edits: decision.responseEdits(response) })).header('To'),
      ).toBe('<urn:service:sos>;tag=9');
    },
  );
});

describe('where the location is looked for', () => {
  it(
    'prefers the value to the reference, whatever their order',
    { meta: { clause: 'RFC 6442 4.1' } },
    async () => {
      const draft = {
        ...byValue,
        headers: [['Geolocation', '<https://lis.lab/loc/1>, <cid:loc%40app.example>;x=y']] as const,
      };
      expect((await routed(draft)).explanation.location).toBe('value');
      expect(held.asked).toEqual([]);
    },
  );

  it('takes the first value that can be read', { meta: { clause: 'RFC 6442 4.1' } }, async () => {
    const draft = {
      headers: [['Geolocation', '<cid:bad>,<cid:loc>']] as const,
      parts: { bad: '<presence', loc: pidfLo() },
    };
    expect((await routed(draft)).explanation).toMatchObject({ location: 'value', mapping: 'lost' });
  });

  it(
    'finds a PIDF-LO that no Geolocation names, or names wrongly',
    { meta: { clause: 'RFC 6442 4.1' } },
    async () => {
      expect((await routed({ parts: { loc: pidfLo() } })).explanation.location).toBe('body');
      const wrong = { headers: [['Geolocation', 'cid:other']] as const, parts: { loc: pidfLo() } };
      expect((await routed(wrong)).explanation.location).toBe('body');
    },
  );

  it(
    'dereferences when there is no value',
    { meta: { clause: 'RFC 6753 3.1', shall: '5.2.2-6' } },
    async () => {
      expect((await routed(byReference)).explanation).toMatchObject({
        location: 'reference',
        mapping: 'lost',
      });
      expect(held.asked).toEqual(['https://lis.lab/loc/1']);
    },
  );

  it('tries the next reference when one fails', { meta: { clause: 'RFC 6753 3.1' } }, async () => {
    held.answer = (uri) =>
      Promise.resolve(
        uri.endsWith('2') ? ok(readBack(pidfLo())) : err({ code: 'http', message: '401', status: 401 }),
      );
    const draft = {
      headers: [
        ['Geolocation', '<https://lis.lab/1>'],
        ['Geolocation', '<https://lis.lab/2>'],
      ] as const,
    };
    expect((await routed(draft)).explanation.location).toBe('reference');
  });

  it('does not look where it was told not to', { meta: { clause: 'RFC 6442 4.2' } }, async () => {
    const draft = (value: string) => ({
      ...byValue,
      headers: [...byValue.headers, ['Geolocation-Routing', value] as const],
    });
    for (const value of ['no', 'NO', 'perhaps']) {
      const result = await routed(draft(value));
      expect(result.explanation, value).toMatchObject({
        location: 'none',
        reason: 'location: not to be used for routing',
      });
      isDefault(result);
    }
    expect(lost.asked).toEqual([]);
    expect((await routed(draft('yes'))).explanation.mapping).toBe('lost');
    use = deps(clock, { lost, policy: { routingNo: 'override' } });
    expect((await routed(draft('no'))).explanation.mapping).toBe('lost');
  });
});

describe('a call without a location', () => {
  const asserted = [['P-Asserted-Identity', '"Anna" <sip:anna@provider.lab>']] as const;

  it(
    'is routed by what the LIS knows of the asserted caller',
    { meta: { clause: ['TS 103 698 5.2.2', 'RFC 5985 5.1', 'RFC 6155 3.6'], shall: '5.2.2-5' } },
    async () => {
      held.request = (asked) => {
        expect(asked).toMatchObject({
          responseTime: 'emergencyRouting',
          device: [{ kind: 'uri', value: 'sip:anna@provider.lab' }],
        });
        return Promise.resolve(ok({ type: 'locationResponse', pidfLo: pidfLo() }));
      };
      const result = await routed({ headers: asserted });
      expect(result.explanation).toMatchObject({
        location: 'lis',
        uri: 'sip:madrid@psap.esinet.internal',
      });
      expect(result.explanation.reason).toBeUndefined();
    },
  );

  it('asks for nobody whom only the From names', { meta: { clause: 'RFC 6155 4.2' } }, async () => {
    let asked = 0;
    held.request = () => {
      asked += 1;
      return Promise.resolve(ok({ type: 'locationResponse', pidfLo: pidfLo() }));
    };
    isDefault(await routed({}));
    expect(asked).toBe(0);
    await routed({ headers: [['P-Asserted-Identity', '<tel:+34600000000>']] });
    expect(asked).toBe(0);
  });

  it('arrives when the LIS does not know, hangs or fails', { meta: { clause: 'RFC 5985 9' } }, async () => {
    for (const answer of [
      () => Promise.resolve(err({ code: 'held', message: 'x', heldCode: 'notLocatable' } as const)),
      () => Promise.resolve(ok({ type: 'locationResponse', locationUris: ['https://lis.lab/1'] } as const)),
      () => Promise.resolve(ok({ type: 'locationResponse', pidfLo: '<nonsense' } as const)),
      never,
      () => Promise.reject(new Error('down')),
    ]) {
      held.request = answer;
      const result = await routed({ headers: asserted });
      isDefault(result);
      expect(result.explanation.reason).toBe('location: none');
    }
  });
});

describe('whatever is wrong with the location, the call arrives', () => {
  const circle =
    '<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:x"><tuple id="a"><status/></tuple></presence>';
  const cases: readonly [string, Parameters<typeof request>[0], string][] = [
    ['none', {}, 'location: none'],
    [
      'a body part that is not there',
      { headers: [['Geolocation', '<cid:gone>']] },
      'location: body part missing',
    ],
    [
      'nonsense',
      { headers: [['Geolocation', '<cid:x>']], parts: { x: '\u0000\u0001 not xml' } },
      'location: unreadable',
    ],
    [
      'a document without a location',
      { headers: [['Geolocation', '<cid:x>']], parts: { x: circle } },
      'location: unreadable',
    ],
    [
      'a DOCTYPE',
      {
        headers: [['Geolocation', '<cid:x>']],
        parts: { x: `<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>${pidfLo()}` },
      },
      'location: unreadable',
    ],
    [
      'a scheme nobody dereferences',
      { headers: [['Geolocation', '<sip:anna@lis.lab>, <geo:40,-3>']] },
      'location: scheme not supported',
    ],
    [
      'a header field that is no URI',
      { headers: [['Geolocation', '<<<;;;,,,']] },
      'location: scheme not supported',
    ],
    ['a broken escape', { headers: [['Geolocation', '<cid:%zz>']] }, 'location: body part missing'],
  ];
  it.each(cases)(
    '%s',
    { meta: { clause: 'RFC 6442 4.3; TS 103 698 6.1.2.6' } },
    async (_name, draft, reason) => {
      const result = await routed(draft);
      isDefault(result);
      expect(result.explanation).toMatchObject({ location: 'none', mapping: 'none', reason });
      const after = leaving(request(draft), result);
      expect(after.values('Route')).toEqual(['<sip:default@psap.esinet.internal;lr>']);
      expect(after.header('Reason')).toContain(`text="${reason}"`);
      expect(after.values('History-Info')[1]).toMatch(
        /^<sip:default@psap\.esinet\.internal\?Reason=SIP%3Bcause%3D4\d\d%3Btext%3D%22location%3A%20.*>;index=1\.1;mp=1$/,
      );
      expect(after.body.equals(request(draft).body)).toBe(true);
    },
  );

  it(
    'a LIS that hangs costs its share of the time and no more',
    { meta: { clause: 'RFC 6753 3.1' } },
    async () => {
      held.answer = never;
      const result = await routed(byReference, 1_050);
      expect(result.explanation).toMatchObject({ location: 'none', reason: 'location: reference timed out' });
      isDefault(result);
    },
  );

  it('a client that throws is a failure like any other', { meta: { clause: 'RFC 3261 16.5' } }, async () => {
    held.answer = () => Promise.reject(new Error('x'));
    expect((await routed(byReference)).explanation.reason).toBe('location: reference failed');
    lost.answer = () => Promise.reject(new Error('x'));
    expect((await routed(byValue)).explanation.reason).toBe('lost: client failed');
  });
});

describe('whatever the ECRF does, the call arrives', () => {
  const errors = (code: 'notFound' | 'internalError' | 'locationInvalid' | 'loop'): LostAnswer => ({
    type: 'errors',
    source: 'ecrf.lab',
    errors: [{ code, message: 'x' }],
  });
  const cases: readonly [string, () => ReturnType<FakeLost['answer']>, string][] = [
    ['hangs', never, 'lost: timeout'],
    ['is away', () => Promise.resolve(err({ code: 'unreachable', message: 'x' })), 'lost: unreachable'],
    ['answers 500', () => Promise.resolve(err({ code: 'http', message: 'x', status: 500 })), 'lost: http'],
    ['answers nonsense', () => Promise.resolve(err({ code: 'malformed', message: 'x' })), 'lost: malformed'],
    ['answers too much', () => Promise.resolve(err({ code: 'too-large', message: 'x' })), 'lost: too-large'],
    ['knows none', () => Promise.resolve(ok(errors('notFound'))), 'lost: notFound'],
    ['fails inside', () => Promise.resolve(ok(errors('internalError'))), 'lost: internalError'],
    ['sees a loop', () => Promise.resolve(ok(errors('loop'))), 'lost: loop'],
    ['gives no mapping', () => Promise.resolve(ok(found())), 'lost: no sip uri'],
    [
      'gives no SIP URI',
      () => Promise.resolve(ok(found({ ...mapping, uris: ['https://x.example', 'tel:112'] }))),
      'lost: no sip uri',
    ],
    [
      'redirects to nobody known',
      () => Promise.resolve(ok({ type: 'redirect', target: 'evil.example', source: 'a', message: '' })),
      'lost: redirect refused',
    ],
  ];
  it.each(cases)(
    '%s',
    { meta: { clause: 'RFC 5222 13; TS 103 698 6.1.2.6' } },
    async (_name, answer, reason) => {
      lost.answer = answer;
      const result = await routed(byValue, 950);
      isDefault(result);
      expect(result.explanation).toMatchObject({ location: 'value', mapping: 'none', reason });
    },
  );

  it('takes a garbled URI for none', { meta: { clause: 'RFC 3261 19.1' } }, async () => {
    lost.answer = () => Promise.resolve(ok(found({ ...mapping, uris: ['sip:a@b@c@@', 'sip:\r\nX: y'] })));
    const result = await routed(byValue);
    isDefault(result);
    expect(leaving(request(byValue), result).values('Route')).toEqual([
      '<sip:default@psap.esinet.internal;lr>',
    ]);
  });

  it(
    'follows one redirect to a server it knows',
    { meta: { clause: 'RFC 5222 13.3', shall: '5.2.2-4' } },
    async () => {
      const other = fakeLost();
      const redirect = ok({ type: 'redirect', target: 'ecrf.b', source: 'a', message: '' } as const);
      lost.answer = () => Promise.resolve(redirect);
      use = deps(clock, { lost, lostAt: (target) => (target === 'ecrf.b' ? other : undefined) });
      expect((await routed(byValue)).explanation.mapping).toBe('lost');
      other.answer = () => Promise.resolve(redirect);
      use = deps(clock, { lost, lostAt: () => other });
      expect((await routed(byValue)).explanation.reason).toBe('lost: redirect again');
    },
  );

  it('asks for the parent where a sub-service is unknown', { meta: { clause: 'RFC 5031 4.2' } }, async () => {
    lost.answer = ({ service }) =>
      Promise.resolve(ok(service === 'urn:service:sos' ? found(mapping) : errors('notFound')));
    const result = await routed({ ...byValue, uri: 'urn:service:sos.mountain' });
    expect(result.explanation).toMatchObject({ mapping: 'lost', service: 'urn:service:sos.mountain' });
  });

  it(
    'spends no more than the budget when both are slow',
    { meta: { clause: 'RFC 6881 ED-62' } },
    async () => {
      held.answer = () => new Promise((resolve) => clock.after(990, () => resolve(ok(readBack(pidfLo())))));
      lost.answer = never;
      const result = await routed(byReference, 1_910);
      expect(result.explanation).toMatchObject({ location: 'reference', reason: 'lost: timeout' });
    },
  );
});

describe('cache and breaker', () => {
  const away = () => Promise.resolve(err({ code: 'unreachable', message: 'x' } as const));
  const elsewhere = {
    ...byValue,
    parts: { 'loc@app.example': pidfLo({ type: 'point', position: [2.17, 41.38] }) },
  };

  it(
    'asks once for a boundary, until the mapping expires',
    { meta: { clause: 'RFC 5222 5.2' } },
    async () => {
      await routed(byValue);
      const near = {
        ...byValue,
        parts: { 'loc@app.example': pidfLo({ type: 'circle', center: [-3.6, 40.5], radius: 50 }) },
      };
      expect((await routed(near)).explanation).toMatchObject({
        mapping: 'cache',
        boundary: 'ecrf.lab/madrid',
      });
      expect(lost.asked).toHaveLength(1);
      await routed(elsewhere);
      expect(lost.asked).toHaveLength(2);
      const across = {
        ...byValue,
        parts: { 'loc@app.example': pidfLo({ type: 'circle', center: [-3.2, 40.5], radius: 5_000 }) },
      };
      await routed(across);
      expect(lost.asked).toHaveLength(3);
      clock.advance(3_600_001);
      await routed(byValue);
      expect(lost.asked).toHaveLength(4);
    },
  );

  it(
    'keeps the parts of a boundary beside each other',
    { meta: { clause: 'RFC 5222 5.5, 12.2' } },
    async () => {
      const ring = (lon: number, lat: number): [number, number][] => [
        [lon, lat],
        [lon + 1, lat],
        [lon + 1, lat + 1],
        [lon, lat + 1],
        [lon, lat],
      ];
      const parts = [ring(-4, 40), ring(2, 41)];
      let part = 0;
      let version = mapping.lastUpdated;
      let expires = mapping.expires;
      lost.answer = () => {
        const boundary = { type: 'polygon' as const, rings: [parts[part] ?? []] };
        return Promise.resolve(
          ok(found({ ...mapping, lastUpdated: version, expires, serviceBoundary: [boundary] })),
        );
      };
      await routed(byValue);
      part = 1;
      await routed(elsewhere);
      expect((await routed(byValue)).explanation.mapping).toBe('cache');
      expect((await routed(elsewhere)).explanation.mapping).toBe('cache');
      // What is newer of one part makes what is known of the others outdated.
      part = 0;
      version = '2026-01-01T06:00:00Z';
      expires = '2026-01-01T20:00:00Z';
      clock.advance(3_600_001);
      await routed(byValue);
      expect(lost.asked).toHaveLength(3);
      lost.answer = away;
      expect((await routed(elsewhere)).explanation.mapping).toBe('none');
    },
  );

  it('does not keep what is not to be kept', { meta: { clause: 'RFC 5222 5.2' } }, async () => {
    for (const expires of ['NO-CACHE', '2020-01-01T00:00:00Z', 'soon']) {
      lost.answer = () => Promise.resolve(ok(found({ ...mapping, expires })));
      await routed(byValue);
      await routed(byValue);
    }
    expect(lost.asked).toHaveLength(6);
  });

  it(
    'serves an expired mapping while the ECRF is away, for a while',
    { meta: { clause: 'RFC 5222 5.2' } },
    async () => {
      await routed(byValue);
      clock.advance(3_600_001);
      lost.answer = away;
      expect((await routed(byValue)).explanation).toMatchObject({
        mapping: 'stale',
        uri: 'sip:madrid@psap.esinet.internal',
      });
      expect((await routed(elsewhere)).explanation.mapping).toBe('none');
      clock.advance(86_400_000);
      expect((await routed(byValue)).explanation.mapping).toBe('none');
    },
  );

  it(
    'believes a living ECRF that has no mapping any more',
    { meta: { clause: 'RFC 5222 13.1' } },
    async () => {
      await routed(byValue);
      clock.advance(3_600_001);
      lost.answer = () =>
        Promise.resolve(ok({ type: 'errors', source: 'e', errors: [{ code: 'notFound', message: '' }] }));
      expect((await routed(byValue)).explanation.mapping).toBe('none');
    },
  );

  it(
    'stops waiting for an ECRF that hangs, and finds out when it is back',
    { meta: { clause: 'RFC 5222 13.1' } },
    async () => {
      lost.answer = never;
      for (let call = 0; call < 3; call += 1)
        expect((await routed(byValue)).explanation.reason).toBe('lost: timeout');
      const before = clock.now();
      expect((await routed(byValue)).explanation.reason).toBe('lost: breaker open');
      expect(clock.now() - before).toBeLessThanOrEqual(10);
      expect(lost.asked).toHaveLength(3);
      clock.advance(5_000);
      lost.answer = () => Promise.resolve(ok(found(mapping)));
      expect((await routed(byValue)).explanation.mapping).toBe('lost');
      expect((await routed(elsewhere)).explanation.mapping).toBe('lost');
    },
  );

  it('lets one call at a time find out', { meta: { clause: 'RFC 5222 13.1' } }, async () => {
    lost.answer = away;
    for (let call = 0; call < 3; call += 1) await routed(byValue);
    clock.advance(5_000);
    lost.answer = never;
    const probe = route(request(byValue), use);
    expect((await routed(byValue)).explanation.reason).toBe('lost: breaker open');
    await clock.run(1_000);
    expect((await probe).explanation.reason).toBe('lost: timeout');
  });
});

it(
  'gives its last places to what is marked, and to emergencies',
  { meta: { clause: 'TS 103 698 6.1.2.5', shall: ['6.1.2.5-2', '6.1.2.5-4'] } },
  () => {
    const outbound = { uri: 'sip:anna@app.example' };
    expect(hasPriority(request({}))).toBe(true);
    expect(hasPriority(request({ ...outbound, headers: [['Resource-Priority', 'esnet.0']] }))).toBe(true);
    expect(hasPriority(request({ ...outbound, headers: [['Resource-Priority', 'dsn.flash']] }))).toBe(false);
    expect(hasPriority(request(outbound))).toBe(false);
  },
);

describe('what is no emergency', () => {
  it('goes out by the border, or in to a PSAP', { meta: { clause: 'TS 103 698 D.1' } }, async () => {
    expect(await routed({ uri: 'sip:caller1@provider.lab' })).toMatchObject({
      explanation: { role: 'outbound' },
      decision: { targets: [{ destination: destinations.border }] },
    });
    expect(await routed({ uri: 'sip:toledo@psap.esinet.internal' })).toMatchObject({
      explanation: { role: 'inward' },
      decision: { targets: [{ destination: destinations.psap }] },
    });
  });

  it('does not go back to the border it came from', { meta: { clause: 'RFC 3261 16.5' } }, async () => {
    const via = 'SIP/2.0/TCP 10.0.0.6:15062;branch=z9hG4bKb';
    expect((await routed({ uri: 'sip:caller1@provider.lab', via })).decision).toMatchObject({
      kind: 'reject',
      status: 404,
    });
  });

  it('is answered or refused', { meta: { clause: 'RFC 3261 8.2.1, 11.2' } }, async () => {
    expect((await routed({ method: 'OPTIONS', uri: 'sip:x@127.0.0.1:15070' })).decision).toMatchObject({
      kind: 'answer',
      status: 200,
    });
    expect((await routed({ method: 'REGISTER', uri: 'sip:esinet.lab' })).decision).toMatchObject({
      kind: 'reject',
      status: 405,
    });
    expect((await routed({ uri: 'sip:x@127.0.0.1:15070' })).decision).toMatchObject({
      kind: 'reject',
      status: 404,
    });
  });
});

it('tells nothing of where the caller is', { meta: { clause: 'RFC 6280' } }, async () => {
  const { explanation } = await routed(byValue);
  expect(JSON.stringify(explanation)).not.toMatch(/40\.4|-?3\.7|anna/);
});

it(
  'gives way by test calls first, then starts, never what runs or asks whether it lives',
  { meta: { clause: ['RFC 7339 5.10.1', 'TS 103 698 6.1.2.5'] } },
  () => {
    const toPsap = { uri: 'sip:madrid@psap.esinet.internal' };
    expect(loadClassOf(request({}))).toBe('emergency');
    expect(loadClassOf(request({ method: 'INVITE' }))).toBe('emergency');
    expect(loadClassOf(request({ uri: 'urn:service:sos.test' }))).toBe('other');
    expect(loadClassOf(request({ ...toPsap, method: 'SUBSCRIBE' }))).toBe('other');
    expect(loadClassOf(request(toPsap))).toBe('running');
    expect(loadClassOf(request({ ...toPsap, method: 'OPTIONS' }))).toBe('running');
  },
);
