import { Module } from '@nestjs/common';
import { type LogFields, silentLogger, systemClock } from '@esinet/kernel';
import type { PolicyVerdict } from '@esinet/policy';
import {
  BUS,
  type Bus,
  InProcessBus,
  LIMITS,
  type Limits,
  METRICS,
  type Metrics,
  type RunningElement,
  SipEdge,
  sipEdgeProvider,
  sipPortListeners,
  startElement,
} from '@esinet/platform';
import { type UacOutcome, writeMultipart } from '@esinet/sip';
import { type LoopbackAgent, loopbackAgent, until } from '@esinet/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AdmissionVerdict, QueuesPort } from './admission.js';
import { esrpConfigSchema } from './config.js';
import { pidfLo } from './esrp-fixture.js';
import { explanationRoutes } from './explanation/explanations-http.js';
import type { Explanation } from './explanation/explanations.js';
import { RoutingProxy } from './routing-proxy.js';
import type { PoliciesPort } from './verdict.js';

const callId = 'urn:emergency:uid:callid:abcdefghijklmnopqrstuvwxyz:app.example';
let psap: LoopbackAgent;
let border: LoopbackAgent;
let bus: InProcessBus;
let esrp: RunningElement | undefined;
let logged: [string, LogFields | undefined][];
const events: { subject: string; payload: Record<string, unknown> }[] = [];

beforeEach(async () => {
  [psap, border] = await Promise.all([loopbackAgent(), loopbackAgent()]);
  bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
  events.length = 0;
  logged = [];
  bus.subscribe('events.esrp.>', (payload, subject) => {
    events.push({ subject, payload: payload as Record<string, unknown> });
  });
});

afterEach(async () => {
  await esrp?.close();
  esrp = undefined;
  await Promise.all([psap.stop(), border.stop(), bus.close()]);
});

/** A routing proxy whose mapped PSAP `dead.lab` is nobody, with these policies and queues. */
async function running(
  ports: { readonly policies?: PoliciesPort; readonly queues?: QueuesPort },
  more: Record<string, unknown> = {},
): Promise<void> {
  const config = esrpConfigSchema.parse({
    listen: { udp: 0, tcp: 0 },
    hosts: {
      'psap.esinet.internal': [`tcp:127.0.0.1:${psap.port('tcp')}`],
      'dead.lab': ['tcp:127.0.0.1:1'],
    },
    bcf: [`tcp:127.0.0.1:${border.port('tcp')}`],
    ecrf: { url: 'http://127.0.0.1:1/lost' },
    failover: '500 ms',
    ...more,
  });
  const logger = {
    ...silentLogger,
    info: (event: string, fields?: LogFields) => void logged.push([event, fields]),
    error: (event: string, fields?: LogFields) => void logged.push([event, fields]),
  };

  @Module({})
  class Esrp {}
  esrp = await startElement({
    name: 'esrp',
    module: {
      module: Esrp,
      providers: [
        sipEdgeProvider({ listeners: sipPortListeners(config.listen), drainMs: 50 }),
        {
          provide: RoutingProxy,
          inject: [SipEdge, BUS, LIMITS, METRICS],
          useFactory: (edge: SipEdge, at: Bus, limits: Limits, metrics: Metrics) =>
            new RoutingProxy(config, {
              edge,
              bus: at,
              clock: systemClock,
              limits,
              logger,
              metrics,
              ...ports,
            }),
        },
      ],
    },
    http: { host: '127.0.0.1', port: 0 },
    platform: { bus, logger: silentLogger },
    fastRoutes: (get) => explanationRoutes(get<RoutingProxy>(RoutingProxy).explanations),
  });
}

function emergency(method = 'MESSAGE', located = true): Promise<UacOutcome> {
  const { contentType, body } = writeMultipart([
    { headers: [['Content-Type', 'text/plain']], body: 'Hilfe, Anna' },
    {
      headers: [
        ['Content-Type', 'application/pidf+xml'],
        ['Content-ID', '<loc>'],
      ],
      body: located ? pidfLo() : 'nonsense',
    },
  ]);
  const port = esrp
    ?.get<SipEdge>(SipEdge)
    .listeners()
    .find((l) => l.transport === 'tcp')?.port;
  return border.send({
    method,
    uri: 'urn:service:sos',
    from: 'sip:anna@app.example',
    to: 'urn:service:sos',
    headers: [
      ['Call-Info', `<${callId}>;purpose=EmergencyCallData.CallId`],
      ['Geolocation', '<cid:loc>'],
    ],
    contentType,
    body,
    destination: { transport: 'tcp', address: '127.0.0.1', port: port ?? 0 },
  });
}

const status = (outcome: UacOutcome) =>
  outcome.kind === 'response' ? outcome.message.status : outcome.reason;
const http = (path: string, headers: Record<string, string> = {}) =>
  fetch(`http://127.0.0.1:${esrp?.http.port ?? 0}${path}`, { headers });

/** What is remembered of the call, once it is known what became of it. */
async function explained(id = callId): Promise<Explanation> {
  let last: Explanation | undefined;
  await until(async () => {
    const answer = await http(`/explanations/${encodeURIComponent(id)}`);
    const { decisions = [] } = (await answer.json()) as { decisions?: Explanation[] };
    last = decisions.at(-1);
    return last?.outcome !== undefined;
  });
  return last!;
}

const verdict = (more: Partial<PolicyVerdict>): PolicyVerdict => ({
  outcome: { kind: 'none' },
  trail: [{ policy: 'p', rule: 'r', matched: true }],
  notify: [],
  log: [],
  ...more,
});
const dead = { outcome: { kind: 'route', recipientUri: 'sip:centre@dead.lab', cause: 'night' } } as const;

describe('a policy sends the call to a centre that is dead', () => {
  it.each(['MESSAGE', 'INVITE'])(
    'a %s ends at the next, and the explanation says so',
    { meta: { clause: ['RFC 3261 16.7', 'RFC 7044 9.3', 'TS 103 698 6.1.2.6'], shall: '6.1.2.6-5' } },
    async (method) => {
      await running({ policies: { evaluate: () => verdict(dead) } });
      expect(status(await emergency(method))).toBe(200);
      const [got] = psap.received;
      expect(got?.message.method).toBe(method);
      expect(got?.message.header('Reason')).toBe('SIP;cause=503;text="next hop unavailable"');
      expect(got?.message.values('History-Info').map((value) => value.replace(/\?[^>]*/, '?'))).toEqual([
        '<urn:service:sos>;index=1',
        '<sip:default@psap.esinet.internal?>;index=1.1;mp=1',
        '<sip:centre@dead.lab?>;index=1.2;mp=1',
        '<sip:default@psap.esinet.internal>;index=1.3;mp=1',
      ]);
      expect(got?.message.values('History-Info')[2]).toContain('cause%3D503');
      expect(await explained()).toMatchObject({
        method,
        uri: 'sip:centre@dead.lab',
        policy: { outcome: 'route' },
        nextHops: [{ uri: 'sip:centre@dead.lab', from: 'policy' }, { from: 'default' }],
        outcome: { status: 200, uri: 'sip:default@psap.esinet.internal' },
      });
    },
  );
});

it(
  'logs and notifies what the policy says, and tells why in one event',
  { meta: { clause: 'TS 103 698 6.1.2.6' } },
  async () => {
    const policies = {
      evaluate: () =>
        verdict({
          decidedBy: { policy: 'p', rule: 'r', priority: 2 },
          log: [{ message: 'storm' }],
          notify: [{ recipientUri: 'sip:chief@psap.lab', eventCode: 'storm', urgency: 3 }],
        }),
    };
    await running({ policies });
    expect(status(await emergency())).toBe(200);
    await explained();
    expect(logged).toContainEqual(['policy', { message: 'storm' }]);
    expect(events.map(({ subject }) => subject)).toEqual(['events.esrp.routed', 'events.esrp.notify']);
    expect(events[1]?.payload).toMatchObject({ callId, eventCode: 'storm', rule: 'r', urgency: 3 });
    expect(events[0]?.payload).toMatchObject({ policy: { outcome: 'none', rules: 1 }, callId });
    expect(JSON.stringify(events)).not.toMatch(/anna|Hilfe|40\.4168|<presence/i);
  },
);

it('tells a queue what became of the call', { meta: { clause: 'RFC 3261 16.7' } }, async () => {
  const released: unknown[] = [];
  const queues: QueuesPort = {
    admit: ({ uris }): AdmissionVerdict => ({
      kind: 'admitted',
      admission: { uri: uris[0] ?? '', release: (outcome) => released.push(outcome) },
      passedOver: [],
    }),
  };
  await running({ queues });
  psap.answer = () => ({ status: 486 });
  expect(status(await emergency())).toBe(486);
  await until(() => released.length > 0);
  expect(released).toMatchObject([{ status: 486 }]);
});

it(
  'answers 600 where a policy says so',
  { meta: { clause: ['RFC 3261 21.6.1', 'RFC 3326 2'] } },
  async () => {
    await running({ policies: { evaluate: () => verdict({ outcome: { kind: 'busy' } }) } });
    const outcome = await emergency();
    expect(status(outcome)).toBe(600);
    expect(outcome.kind === 'response' && outcome.message.header('Reason')).toContain('policy: busy');
    expect(await explained()).toMatchObject({ reason: 'policy: busy', outcome: { status: 600 } });
  },
);

it(
  'asks another centre where one wants a better location, and says in the 200 that it was bad',
  { meta: { clause: 'RFC 6442 4.3, 4.4' } },
  async () => {
    const strict = await loopbackAgent();
    strict.answer = () => ({ status: 424, headers: [['Geolocation-Error', '100']] });
    try {
      await running(
        {
          policies: {
            evaluate: () => verdict({ outcome: { kind: 'route', recipientUri: 'sip:x@strict.lab' } }),
          },
        },
        {
          hosts: {
            'psap.esinet.internal': [`tcp:127.0.0.1:${psap.port('tcp')}`],
            'strict.lab': [`tcp:127.0.0.1:${strict.port('tcp')}`],
          },
        },
      );
      const outcome = await emergency('MESSAGE', false);
      expect(status(outcome)).toBe(200);
      expect(outcome.kind === 'response' && outcome.message.headerLines('Geolocation-Error')).toEqual([
        '100;code="Cannot Process Location"',
      ]);
      expect(strict.received).toHaveLength(1);
      expect(psap.received[0]?.message.header('Reason')).toContain('cause=424');
    } finally {
      await strict.stop();
    }
  },
);

describe('explanations over HTTP', () => {
  it(
    'are found by Call Identifier and by Call-ID, and listed without personal data',
    { meta: { clause: 'RFC 6280' } },
    async () => {
      await running({});
      await emergency();
      const one = await explained();
      expect(one.facts).toMatchObject({ location: { type: 'point' }, requestUri: 'urn:service:sos' });
      expect(one.facts?.request).toContain('anna@app.example');
      expect(one.facts?.request).not.toContain('Hilfe');
      expect((await explained(one.sipCallId)).callId).toBe(callId);
      const list = await (await http('/explanations?limit=5')).text();
      expect(JSON.parse(list)).toMatchObject({ calls: [{ callId, outcome: { status: 200 } }] });
      expect(list).not.toMatch(/anna|40\.4168/);
    },
  );

  it('tell what the policies of now would do', { meta: { clause: 'TS 103 698 6.1.2.6' } }, async () => {
    let night = false;
    await running({ policies: { evaluate: () => verdict(night ? dead : {}) } });
    await emergency();
    await explained();
    const replay = async () => {
      const answer = await http(`/explanations/${encodeURIComponent(callId)}?replay`);
      return ((await answer.json()) as { decisions: { replay?: unknown }[] }).decisions[0]?.replay;
    };
    expect(await replay()).toEqual({ same: true, nextHops: ['sip:default@psap.esinet.internal'] });
    night = true;
    expect(await replay()).toMatchObject({
      same: false,
      nextHops: ['sip:centre@dead.lab', 'sip:default@psap.esinet.internal'],
    });
  });

  it('keep no location and no request where told so', { meta: { clause: 'RFC 6280' } }, async () => {
    await running({}, { explanations: { location: false, request: 'none' } });
    await emergency();
    const { facts } = await explained();
    expect(facts?.location).toBeUndefined();
    expect(JSON.stringify(facts)).not.toMatch(/anna|40\.4168/);
  });

  it('are not for pages of a browser, nor to be written', { meta: { clause: 'RFC 6280' } }, async () => {
    await running({}, { explanations: { max: 0 } });
    await emergency();
    expect((await http('/explanations', { origin: 'http://evil.example' })).status).toBe(403);
    expect((await http(`/explanations/${encodeURIComponent(callId)}`)).status).toBe(404);
    expect((await http('/explanations/%zz')).status).toBe(404);
    const posted = await fetch(`http://127.0.0.1:${esrp?.http.port ?? 0}/explanations`, { method: 'POST' });
    expect(posted.status).toBe(405);
  });
});
