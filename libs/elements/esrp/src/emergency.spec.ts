import { ManualClock, err, ok } from '@esinet/kernel';
import type { PolicyVerdict, RoutingFacts } from '@esinet/policy';
import { leaving } from '@esinet/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { AdmissionVerdict } from './admission.js';
import {
  type FakeHeld,
  type FakeLost,
  deps,
  fakeHeld,
  fakeLost,
  found,
  mapping,
  never,
  pidfLo,
  readBack,
  request,
} from './esrp-fixture.js';
import { type RouteDeps, type Routed, route } from './route.js';

let clock: ManualClock;
let lost: FakeLost;
let held: FakeHeld;

beforeEach(() => {
  clock = new ManualClock();
  lost = fakeLost();
  held = fakeHeld();
});

const byValue = {
  headers: [['Geolocation', '<cid:loc@app.example>']],
  parts: { 'loc@app.example': pidfLo() },
} as const;
const chat = (type: number) =>
  ({
    ...byValue,
    headers: [
      ...byValue.headers,
      ['Call-Info', `<urn:emergency:service:uid:msgtype:${type}:app.lab>;purpose=EmergencyCallData.MsgType`],
    ],
  }) as const;
const start = 257;
const inChat = 259;

async function routed(
  draft: Parameters<typeof request>[0],
  o: Parameters<typeof deps>[1] = {},
  ms = 25_000,
): Promise<Routed> {
  const use: RouteDeps = deps(clock, { lost, held, ...o });
  let done: Routed | undefined;
  void route(request(draft), use).then((result) => (done = result));
  for (let passed = 0; !done && passed <= ms; passed += 100) await clock.run(100);
  if (!done) throw new Error(`not routed within ${ms} ms`);
  return done;
}

const nothing = { trail: [], notify: [], log: [] };
const policies = (
  outcome: PolicyVerdict['outcome'],
  see: (facts: RoutingFacts) => void = () => undefined,
) => ({
  evaluate: (facts: RoutingFacts): PolicyVerdict => {
    see(facts);
    return { ...nothing, outcome, decidedBy: { policy: 'p', rule: 'night', priority: 3 } };
  },
});
const night = { kind: 'route', recipientUri: 'sip:night@psap.esinet.internal' } as const;

const history = (draft: Parameters<typeof request>[0], result: Routed, target = 0) =>
  leaving(request(draft), result, target).values('History-Info');

describe('what the policies say', () => {
  it(
    'is asked with what is known of the call, and its next hop comes first',
    { meta: { clause: ['TS 103 698 6.1.2.6', 'RFC 7044 9.2, 10.2, 10.3'] } },
    async () => {
      let seen: RoutingFacts | undefined;
      const result = await routed(byValue, { policies: policies(night, (facts) => (seen = facts)) });
      expect(seen).toMatchObject({
        lostService: 'urn:service:sos',
        normalNextHop: 'sip:madrid@psap.esinet.internal',
        location: { type: 'point' },
        incomingQueue: 'urn:service:sos',
      });
      expect(history(byValue, result)).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:madrid@psap.esinet.internal?Reason=SIP%3Bcause%3D302%3Btext%3D%22policy%3A%20night%22>;index=1.1;mp=1',
        '<sip:night@psap.esinet.internal>;index=1.2;mp=1',
      ]);
      const after = leaving(request(byValue), result);
      expect(after.values('Route')).toEqual(['<sip:night@psap.esinet.internal;lr>']);
      expect(after.header('Reason')).toBe('SIP;cause=302;text="policy: night"');
      expect(result.explanation).toMatchObject({
        uri: 'sip:night@psap.esinet.internal',
        notTaken: 'sip:madrid@psap.esinet.internal',
        policy: { outcome: 'route', decidedBy: { rule: 'night' } },
      });
    },
  );

  it(
    'the next hop of the ECRF stands behind it, with the history of both',
    { meta: { clause: 'RFC 7044 10.3' } },
    async () => {
      const result = await routed(byValue, { policies: policies(night) });
      expect(history(byValue, result, 1).map((value) => value.replace(/\?[^>]*/, ''))).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:madrid@psap.esinet.internal>;index=1.1;mp=1',
        '<sip:night@psap.esinet.internal>;index=1.2;mp=1',
        '<sip:madrid@psap.esinet.internal>;index=1.3;mp=1',
      ]);
      expect(leaving(request(byValue), result, 1, [{ target: 0, status: 480 }]).header('Reason')).toBe(
        'SIP;cause=480;text="next hop refused"',
      );
    },
  );

  it('a policy that throws costs no call', { meta: { clause: 'TS 103 698 6.1.2.6' } }, async () => {
    const throwing = {
      evaluate: (): PolicyVerdict => {
        throw new Error('bug');
      },
    };
    const result = await routed(byValue, { policies: throwing });
    expect(result.explanation).toMatchObject({
      uri: 'sip:madrid@psap.esinet.internal',
      policy: { outcome: 'failed' },
    });
  });

  it(
    'busy is answered 600 with the reason, but not to a chat that runs',
    { meta: { clause: ['RFC 3261 21.6.1', 'RFC 3326 2'] } },
    async () => {
      const busy = { policies: policies({ kind: 'busy' }) };
      const refused = await routed(chat(start), busy);
      expect(refused.decision).toEqual({
        kind: 'reject',
        status: 600,
        headers: [['Reason', 'SIP;cause=600;text="policy: busy"']],
      });
      expect((await routed(chat(inChat), busy)).decision.kind).toBe('forward');
    },
  );
});

describe('what the queues say', () => {
  const full = { uri: 'sip:madrid@psap.esinet.internal', why: 'Full' };
  const queues = (answer: () => AdmissionVerdict | Promise<AdmissionVerdict>) => {
    const asked: unknown[] = [];
    return {
      asked,
      admit: (call: unknown) => {
        asked.push(call);
        return answer();
      },
    };
  };
  const admitted = (release = () => undefined): AdmissionVerdict => ({
    kind: 'admitted',
    admission: { uri: 'sip:default@psap.esinet.internal', release },
    passedOver: [full],
  });

  it(
    'who let the call in is first; who was passed over stands in the history, and is the last resort',
    { meta: { clause: ['RFC 7044 10.2, 10.3', 'RFC 3326 2'] } },
    async () => {
      const port = queues(() => admitted());
      const priority = {
        ...byValue,
        headers: [...byValue.headers, ['Resource-Priority', 'esnet.3']] as const,
      };
      const result = await routed(priority, { queues: port });
      expect(port.asked).toEqual([
        {
          uris: ['sip:madrid@psap.esinet.internal', 'sip:default@psap.esinet.internal'],
          priority: 3,
          running: false,
          id: 'call-1@192.0.2.1',
        },
      ]);
      expect(history(priority, result)).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:madrid@psap.esinet.internal?Reason=SIP%3Bcause%3D486%3Btext%3D%22queue%3A%20Full%22>;index=1.1;mp=1',
        '<sip:default@psap.esinet.internal>;index=1.2;mp=1',
      ]);
      expect(result.uris).toEqual(['sip:default@psap.esinet.internal', 'sip:madrid@psap.esinet.internal']);
      expect(result.decision).toMatchObject({ targets: [{}, { standsIn: true }] });
      expect(result.explanation).toMatchObject({
        queue: 'admitted',
        passedOver: [{ uri: full.uri, cause: 486, text: 'queue: Full' }],
        notTaken: full.uri,
      });
    },
  );

  it('a call that waits is let in when its time comes', { meta: { clause: 'RFC 4412 4.7' } }, async () => {
    const port = queues(() => new Promise((resolve) => clock.after(3_000, () => resolve(admitted()))));
    const result = await routed(byValue, { queues: port });
    expect(result.explanation).toMatchObject({ queue: 'admitted', queueMs: 3_000 });
    expect(result.release).toBeDefined();
  });

  it(
    'queues that hang, throw or reject cost no call, and a late place is given back',
    { meta: { clause: 'TS 103 698 6.1.2.6' } },
    async () => {
      let late: (verdict: AdmissionVerdict) => void = () => undefined;
      const hanging = queues(() => new Promise((resolve) => (late = resolve)));
      const result = await routed(byValue, { queues: hanging });
      expect(result.explanation).toMatchObject({ uri: full.uri, queue: 'failed' });
      const released: unknown[] = [];
      late({
        kind: 'admitted',
        admission: { uri: full.uri, release: (o) => released.push(o) },
        passedOver: [],
      });
      await clock.run(1);
      expect(released).toEqual([{ status: 0 }]);
      for (const broken of [
        () => Promise.reject(new Error('x')),
        () => {
          throw new Error('x');
        },
      ]) {
        expect((await routed(byValue, { queues: queues(broken) })).explanation.queue).toBe('failed');
      }
    },
  );

  it(
    'all busy is 600 with Retry-After, by configuration',
    { meta: { clause: 'RFC 3261 20.33' } },
    async () => {
      const port = queues(() => ({ kind: 'busy', retryAfterSeconds: 6.2 }));
      expect((await routed(byValue, { queues: port })).decision).toEqual({
        kind: 'reject',
        status: 600,
        headers: [
          ['Reason', 'SIP;cause=600;text="queue: all busy"'],
          ['Retry-After', '7'],
        ],
      });
      expect((await routed(chat(inChat), { queues: port })).decision.kind).toBe('forward');
    },
  );
});

describe('Reason and history that came with the request', () => {
  it(
    'a SIP reason gives way to ours, those of other protocols stay',
    { meta: { clause: 'RFC 3326 2' } },
    async () => {
      const draft = {
        headers: [
          ['Reason', 'SIP;cause=302;text="x", Q.850;cause=16'],
          ['Privacy', 'history'],
          [
            'History-Info',
            '<sip:112@provider.lab?Privacy=history>;index=1, <urn:service:sos>;index=1.1;mp=1',
          ],
        ],
      } as const;
      const after = leaving(request(draft), await routed(draft));
      expect(after.values('Reason')).toEqual(['Q.850;cause=16', 'SIP;cause=404;text="location: none"']);
      // RFC 7044 10.1.2: what is private is hidden where it leaves the ESInet, not here.
      expect(after.values('History-Info')[0]).toBe('<sip:112@provider.lab?Privacy=history>;index=1');
      expect(after.header('Privacy')).toBe('history');
    },
  );
});

describe('several locations', () => {
  const far = pidfLo({ type: 'point', position: [-30, 30] });
  const notFound = ok({ type: 'errors', source: 'e', errors: [{ code: 'notFound', message: '' }] } as const);
  const onlyMadrid = () => {
    let asked = 0;
    lost.answer = () => Promise.resolve(asked++ === 0 ? notFound : ok(found(mapping)));
  };

  it(
    'the next value is tried where there is no mapping for one; the reference stays for dispatch',
    { meta: { clause: 'RFC 6442 4.1' } },
    async () => {
      onlyMadrid();
      const draft = {
        headers: [['Geolocation', '<https://lis.lab/loc/1>, <cid:a>, <cid:b>']] as const,
        parts: { a: far, b: pidfLo() },
      };
      const result = await routed(draft);
      expect(result.explanation).toMatchObject({ location: 'value', locationsTried: 2, mapping: 'lost' });
      expect(held.asked).toEqual([]);
      expect(leaving(request(draft), result).header('Geolocation')).toBe(draft.headers[0][1]);
    },
  );

  it('the reference is fetched where no value is mapped', { meta: { clause: 'RFC 6442 4.1' } }, async () => {
    onlyMadrid();
    const draft = {
      headers: [['Geolocation', '<cid:a>, <https://lis.lab/loc/1>']] as const,
      parts: { a: far },
    };
    expect((await routed(draft)).explanation).toMatchObject({ location: 'reference', mapping: 'lost' });
  });

  it('an ECRF that is away is not asked again for each', { meta: { clause: 'RFC 5222 13.1' } }, async () => {
    lost.answer = () => Promise.resolve(err({ code: 'unreachable', message: 'x' }));
    const draft = {
      headers: [['Geolocation', '<cid:a>, <cid:b>']] as const,
      parts: { a: far, b: pidfLo() },
    };
    expect((await routed(draft)).explanation).toMatchObject({
      locationsTried: 1,
      reason: 'lost: unreachable',
    });
    expect(lost.asked).toHaveLength(1);
  });

  it('one part named twice is one location', { meta: { clause: 'RFC 6442 4.1' } }, async () => {
    lost.answer = () => Promise.resolve(notFound);
    const draft = { headers: [['Geolocation', '<cid:a>, <cid:a>']] as const, parts: { a: far } };
    expect((await routed(draft)).explanation.locationsTried).toBe(1);
  });

  it(
    'the LIS knows where a location URI leads nowhere',
    { meta: { clause: 'TS 103 698 5.2.2' } },
    async () => {
      held.answer = () => Promise.resolve(err({ code: 'http', message: '500', status: 500 }));
      held.request = () => Promise.resolve(ok({ type: 'locationResponse', pidfLo: pidfLo() }));
      const draft = {
        headers: [
          ['Geolocation', '<https://lis.lab/loc/1>'],
          ['P-Asserted-Identity', '<sip:anna@provider.lab>'],
        ],
      } as const;
      expect((await routed(draft)).explanation).toMatchObject({ location: 'lis', geolocationError: 300 });
    },
  );
});

describe('Geolocation-Error', () => {
  const response = (headers: readonly (readonly [string, string])[] = [], status = 200) =>
    ({ status, has: (name: string) => headers.some(([each]) => each === name) }) as never;
  const told = ({ decision }: Routed, to = response()) =>
    decision.kind === 'forward' ? (decision.responseEdits?.(to) ?? []) : 'refused';
  const edit = (value: string) => [{ op: 'append', name: 'Geolocation-Error', value }];

  const cases: readonly [string, Parameters<typeof request>[0], string][] = [
    [
      'a value that cannot be read',
      { headers: [['Geolocation', '<cid:a>']], parts: { a: 'x' } },
      '100;code="Cannot Process Location"',
    ],
    [
      'a value that is not there',
      { headers: [['Geolocation', '<cid:a>']] },
      '100;code="Cannot Process Location"',
    ],
    [
      'a reference that leads nowhere',
      { headers: [['Geolocation', '<https://lis.lab/loc/1>']] },
      '300;code="Dereference Failure"',
    ],
    [
      'a scheme that is not fetched',
      { headers: [['Geolocation', '<sip:a@lis.lab>']] },
      '300;code="Dereference Failure"',
    ],
    [
      'a location that is not to be used',
      { ...byValue, headers: [...byValue.headers, ['Geolocation-Routing', 'no']] },
      '202;code="Permission to Route based on Location Information"',
    ],
  ];
  it.each(cases)(
    '%s: the call goes to the default PSAP, and the response says so',
    { meta: { clause: 'RFC 6442 4.3, 4.4' } },
    async (_name, draft, value) => {
      held.answer = () => Promise.resolve(err({ code: 'http', message: '404', status: 404 }));
      const result = await routed(draft);
      expect(result.explanation.uri).toBe('sip:default@psap.esinet.internal');
      expect(told(result)).toEqual(edit(value));
    },
  );

  it('a reference that takes too long', { meta: { clause: 'RFC 6442 4.4' } }, async () => {
    held.answer = never;
    const result = await routed({ headers: [['Geolocation', '<https://lis.lab/loc/1>']] });
    expect(told(result)).toEqual(edit('300;code="Dereference Failure"'));
  });

  it(
    'is for those who sent a location of which none is good, and not on top of another',
    { meta: { clause: 'RFC 6442 4.3, 4.4' } },
    async () => {
      expect(told(await routed({}))).toEqual([]);
      expect(told(await routed(byValue))).toEqual([]);
      const one = { headers: [['Geolocation', '<cid:x>, <cid:loc>']] as const, parts: { loc: pidfLo() } };
      expect(told(await routed(one))).toEqual([]);
      held.answer = () => Promise.resolve(ok(readBack(pidfLo())));
      expect(told(await routed({ headers: [['Geolocation', '<cid:x>, <https://lis.lab/1>']] }))).toEqual([]);
      // A good location of a place that nobody serves is no error of the location.
      lost.answer = () => Promise.resolve(ok(found()));
      expect(told(await routed(byValue))).toEqual([]);
      const bad = await routed({ headers: [['Geolocation', '<cid:x>']] });
      expect(told(bad, response([['Geolocation-Error', '']]))).toEqual([]);
      expect(told(bad, response([], 424))).toEqual([]);
    },
  );
});

describe('what belongs to a dialog', () => {
  it(
    'asks neither for a location nor for a mapping',
    { meta: { clause: ['RFC 3261 12.2.2', 'RFC 3261 16.5'] } },
    async () => {
      const ack = await routed({ ...byValue, method: 'ACK', to: '<urn:service:sos>;tag=9' });
      expect(ack.decision).toEqual({ kind: 'discard' });
      expect(lost.asked).toEqual([]);
    },
  );

  it.each(['BYE', 'UPDATE', 'INFO', 'REFER'])(
    'a %s that lost its way is 481',
    { meta: { clause: 'RFC 3261 12.2.2' } },
    async (method) => {
      const { decision } = await routed({ ...byValue, method, to: '<urn:service:sos>;tag=9' });
      expect(decision).toMatchObject({ kind: 'reject', status: 481 });
      expect(lost.asked).toEqual([]);
    },
  );

  it('the INVITE of a call is routed as a MESSAGE is', { meta: { clause: 'RFC 6881 ED-62' } }, async () => {
    const [call, message] = [await routed({ ...byValue, method: 'INVITE' }), await routed(byValue)];
    expect(call.uris).toEqual(message.uris);
    expect(call.explanation.uri).toBe('sip:madrid@psap.esinet.internal');
  });
});

it(
  'a mistake of the program ends at the default PSAP',
  { meta: { clause: 'TS 103 698 6.1.2.6' } },
  async () => {
    const broken = {
      ...deps(clock, { lost, held }),
      source: () => Object.defineProperty({}, 'x', { get: fail, enumerable: true }),
    };
    const result = await route(request(byValue), broken);
    expect(result.explanation).toMatchObject({
      uri: 'sip:default@psap.esinet.internal',
      reason: 'routing: failed',
    });
    expect(leaving(request(byValue), result).values('Route')).toEqual([
      '<sip:default@psap.esinet.internal;lr>',
    ]);
  },
);

function fail(): never {
  throw new Error('bug');
}
