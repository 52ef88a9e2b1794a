import { type Clock, type Result, err, ok } from '@esinet/kernel';
import type { HeldClient, HeldClientError } from '@esinet/held';
import { type PidfLo, type Shape, readPidfLo, writePidfLo } from '@esinet/location';
import type { FindServiceRequest, LostAnswer, LostClient, LostClientError, Mapping } from '@esinet/lost';
import { type SipMessage, buildRequest, writeMultipart } from '@esinet/sip';
import { sipMessage } from '@esinet/testing';
import { EcrfBreaker } from './ecrf-breaker.js';
import { MappingCache } from './mapping-cache.js';
import type { RouteDeps } from './route.js';

/** What the specs of this element share. Not part of what the element exports. */

export const madrid: Shape = { type: 'point', position: [-3.7038, 40.4168] };

export function pidfLo(shape: Shape = madrid): string {
  return writePidfLo({
    entity: 'pres:anna@app.example',
    shape,
    timestamp: '2026-01-01T12:00:00Z',
    retentionExpiry: '2026-01-02T12:00:00Z',
  });
}

export function readBack(document: string): PidfLo & { document: string } {
  const read = readPidfLo(Buffer.from(document));
  if (!read.ok) throw new Error(read.error.message);
  return { ...read.value, document };
}

/** Text and, under each Content-ID, a body part. */
export function withParts(parts: Readonly<Record<string, string>>, type = 'application/pidf+xml') {
  return writeMultipart([
    { headers: [['Content-Type', 'text/plain;charset=utf-8']], body: 'Hilfe' },
    ...Object.entries(parts).map(([id, body]) => ({
      headers: [
        ['Content-Type', type],
        ['Content-ID', `<${id}>`],
      ] as [string, string][],
      body,
    })),
  ]);
}

export interface Draft {
  readonly method?: string;
  readonly uri?: string;
  readonly to?: string;
  readonly via?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly parts?: Readonly<Record<string, string>>;
}

export function request(o: Draft = {}): SipMessage {
  const method = o.method ?? 'MESSAGE';
  const multipart = o.parts && withParts(o.parts);
  return sipMessage(
    buildRequest({
      method,
      uri: o.uri ?? 'urn:service:sos',
      headers: [
        ['Via', o.via ?? 'SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKfixture'],
        ['Max-Forwards', '70'],
        ['From', '<sip:anna@app.example>;tag=1'],
        ['To', o.to ?? '<urn:service:sos>'],
        ['Call-ID', 'call-1@192.0.2.1'],
        ['CSeq', `1 ${method}`],
        ...(o.headers ?? []),
        ...(multipart ? [['Content-Type', multipart.contentType] as const] : []),
      ],
      body: multipart?.body ?? '',
    }),
  );
}

/** A square of one degree around Madrid. */
export const mapping: Mapping = {
  source: 'ecrf.lab',
  sourceId: 'madrid',
  lastUpdated: '2026-01-01T00:00:00Z',
  expires: '2026-01-01T13:00:00Z',
  displayName: [{ lang: 'es', text: 'Madrid' }],
  service: 'urn:service:sos',
  uris: ['sip:madrid@psap.esinet.internal'],
  serviceBoundary: [
    {
      type: 'polygon',
      rings: [
        [
          [-4.2, 39.9],
          [-3.2, 39.9],
          [-3.2, 40.9],
          [-4.2, 40.9],
          [-4.2, 39.9],
        ],
      ],
    },
  ],
};

export function found(...mappings: readonly Mapping[]): LostAnswer {
  return { type: 'findServiceResponse', mappings, warnings: [], path: ['ecrf.lab'] };
}

export interface FakeLost extends LostClient {
  readonly asked: FindServiceRequest[];
  answer: (request: FindServiceRequest) => Promise<Result<LostAnswer, LostClientError>>;
}

/** The far side of LoST: answers what it is told to. */
export function fakeLost(): FakeLost {
  const self: FakeLost = {
    asked: [],
    answer: () => Promise.resolve(ok(found(mapping))),
    ask: (asked) => {
      if (asked.type !== 'findService') throw new Error('only findService');
      self.asked.push(asked);
      return self.answer(asked);
    },
  };
  return self;
}

export interface FakeHeld extends HeldClient {
  readonly asked: string[];
  answer: (uri: string) => Promise<Result<PidfLo & { document: string }, HeldClientError>>;
}

export function fakeHeld(): FakeHeld {
  const self: FakeHeld = {
    asked: [],
    answer: () => Promise.resolve(ok(readBack(pidfLo()))),
    dereference: (uri) => {
      self.asked.push(uri);
      return self.answer(uri);
    },
    request: () => Promise.resolve(err({ code: 'not-allowed', message: 'not used here' })),
  };
  return self;
}

export const never = (): Promise<never> => new Promise(() => undefined);

const psap = { transport: 'tcp', address: '10.0.0.8', port: 15075 } as const;
const border = { transport: 'tcp', address: '10.0.0.6', port: 15062 } as const;
export const destinations = { psap, border };

export function deps(
  clock: Clock,
  o: Partial<Pick<RouteDeps, 'lost' | 'held' | 'lostAt' | 'policies' | 'queues' | 'states' | 'keep'>> & {
    policy?: Partial<RouteDeps['policy']>;
  } = {},
): RouteDeps {
  return {
    lost: o.lost ?? fakeLost(),
    held: o.held ?? fakeHeld(),
    ...(o.lostAt && { lostAt: o.lostAt }),
    ...(o.policies && { policies: o.policies }),
    ...(o.queues && { queues: o.queues }),
    ...(o.states && { states: o.states }),
    ...(o.keep && { keep: o.keep }),
    cache: new MappingCache(clock, { maxEntries: 4, maxAgeMs: 86_400_000, staleMs: 86_400_000 }),
    breaker: new EcrfBreaker(clock, { failures: 3, pauseMs: 5_000 }),
    clock,
    policy: {
      privateDomain: 'psap.esinet.internal',
      defaultPsapUri: 'sip:default@psap.esinet.internal',
      budgetMs: 1_900,
      heldMs: 1_000,
      lostMs: 900,
      queueMs: 20_000,
      routingNo: 'honour',
      rewrite: new Map(),
      ...o.policy,
    },
    hops: {
      domain: (domain) => (domain === 'psap.esinet.internal' ? [psap] : []),
      border: [border],
    },
    isOwnAddress: (uri) => uri.host === '127.0.0.1' && uri.port === 15070,
  };
}
