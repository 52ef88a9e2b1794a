import { describe, expect, it } from 'vitest';
import { chatHeader, context, esinetB, inside, peer, request, stranger } from './bcf-fixture.js';
import type { Source } from './policy.js';
import { screen } from './screen.js';

/** Who asks. */
const sources: Readonly<Record<string, Source>> = { stranger, provider: peer, esinetB, inside };

/** What a request of each of them comes to, by its target: the kind of traffic, or the status it is refused with. */
type Expected = Readonly<Record<keyof typeof sources, string | number>>;
const targets: Readonly<Record<string, Expected>> = {
  // For help: everybody.
  'urn:service:sos': {
    stranger: 'emergency',
    provider: 'emergency',
    esinetB: 'emergency',
    inside: 'emergency',
  },
  'sip:112@elsewhere.example': {
    stranger: 'emergency',
    provider: 'emergency',
    esinetB: 'emergency',
    inside: 'emergency',
  },
  // To a PSAP of ours, by either name: a chat.
  'sip:madrid@esinet.lab': { stranger: 'chat', provider: 'chat', esinetB: 'chat', inside: 'chat' },
  'sip:madrid@psap.esinet.internal': { stranger: 'chat', provider: 'chat', esinetB: 'chat', inside: 'chat' },
  // To domains of the table: who is white-listed, and who is inside.
  'sip:anna@provider.lab': { stranger: 404, provider: 403, esinetB: 'relay', inside: 'outward' },
  'sip:b.1@public.b': { stranger: 404, provider: 'relay', esinetB: 482, inside: 'outward' },
  'sip:b.1@psap.b': { stranger: 404, provider: 403, esinetB: 482, inside: 'outward' },
  // To the rest of the world, by name, by address, and to addresses inside: nobody.
  'sip:bob@elsewhere.example': { stranger: 404, provider: 404, esinetB: 404, inside: 404 },
  'sip:bob@203.0.113.9:5060': { stranger: 404, provider: 404, esinetB: 404, inside: 404 },
  'sip:x@10.0.0.8:15075': { stranger: 404, provider: 404, esinetB: 404, inside: 404 },
  'sip:10.0.0.7:15070': { stranger: 404, provider: 404, esinetB: 404, inside: 404 },
  'tel:+34915555555': { stranger: 416, provider: 416, esinetB: 416, inside: 416 },
};

const cases = Object.entries(targets).flatMap(([uri, expected]) =>
  Object.keys(sources).map((name) => [name, uri, expected[name] ?? ''] as const),
);

describe('never an open relay', () => {
  it.each(cases)(
    'from %s to %s: %s',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 3261 16.5'] } },
    (name, uri, expected) => {
      for (const method of ['MESSAGE', 'INVITE']) {
        const { decision, traffic } = screen(
          request({ method, uri, headers: [chatHeader] }),
          sources[name]!,
          context,
        );
        if (typeof expected === 'number')
          expect(decision).toMatchObject({ kind: 'reject', status: expected });
        else expect([decision.kind, traffic]).toEqual(['forward', expected]);
      }
    },
  );

  it.each(['sip:203.0.113.9', 'sip:psap.b', 'sip:10.0.0.8:15075'])(
    'and no Route to %s that a stranger or a provider brings leads anywhere',
    { meta: { clause: ['RFC 3261 16.4', 'RFC 3261 26.3.2.2'] } },
    (route) => {
      for (const source of [stranger, peer]) {
        for (const [uri, traffic] of [
          ['urn:service:sos', 'emergency'],
          ['sip:madrid@esinet.lab', 'chat'],
        ] as const) {
          const before = request({ uri, headers: [chatHeader, ['Route', `<${route};lr>`]] });
          const screening = screen(before, source, context);
          expect(screening.traffic).toBe(traffic);
          if (screening.decision.kind !== 'forward') throw new Error('not forwarded');
          expect(screening.decision.targets.every(({ listener }) => listener?.startsWith('private-'))).toBe(
            true,
          );
          expect(screening.decision.edits).toContainEqual({ op: 'remove', name: 'Route' });
        }
      }
    },
  );

  it.each(['SUBSCRIBE', 'NOTIFY', 'PUBLISH', 'REFER'])(
    '%s from outside is for those who have a chat here, and for other ESInets',
    { meta: { clause: ['RFC 6665 4.1', 'RFC 3515 2.4.1', 'RFC 3903 4'] } },
    (method) => {
      const before = request({ method, uri: 'sip:madrid@esinet.lab', headers: [chatHeader] });
      const phone = {
        listener: 'public-udp',
        transport: 'udp',
        address: '192.0.2.1',
        port: 5060,
        flowId: 'f',
      } as const;
      for (const source of [stranger, peer]) {
        expect(screen(before, source, context).decision).toMatchObject({ kind: 'reject', status: 403 });
        expect(screen(before, source, context, { current: phone }).decision.kind).toBe('forward');
      }
      expect(screen(before, esinetB, context).decision.kind).toBe('forward');
      const sos = request({ method, headers: [chatHeader] });
      expect(screen(sos, stranger, context).decision).toMatchObject({ kind: 'reject', status: 403 });
    },
  );
});
