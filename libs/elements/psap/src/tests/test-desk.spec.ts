import { ManualClock, countingIds, silentLogger } from '@esinet/kernel';
import type { OutgoingMessage, SendOutcome } from '@esinet/lmpe';
import { writeCallInfo } from '@esinet/lmpe';
import { writePidfLo } from '@esinet/location';
import { MemoryRecords } from '@esinet/platform';
import { buildRequest, parseDatagram, writeMultipart } from '@esinet/sip';
import { until } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { type IncomingMessage, readIncoming } from '../incoming-message.js';
import type { LocationLook } from '../location-look.js';
import { Centres } from '../centre.js';
import { psapConfigSchema } from '../config.js';
import { TryingRecords } from '../psap-fixture.js';
import { testsSchema } from './test-config.js';
import { TestDesk } from './test-desk.js';

const centre = new Centres(
  psapConfigSchema.parse({
    defaultCentre: 'madrid',
    centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid' }],
  }),
).default;

let serial = 0;

function message(
  o: {
    uri?: string;
    to?: string;
    from?: string;
    callId?: string;
    messageType?: number;
    text?: string;
    location?: string;
    headers?: [string, string][];
  } = {},
): IncomingMessage {
  const identifiers =
    o.callId === undefined
      ? []
      : writeCallInfo({
          callId: o.callId,
          messageType: o.messageType ?? 257,
          messageId: 1,
          element: 'app.lab',
        });
  const parts = writeMultipart([
    { headers: [['Content-Type', 'text/plain']], body: o.text ?? '' },
    ...(o.location === undefined
      ? []
      : [{ headers: [['Content-Type', 'application/pidf+xml']] as [string, string][], body: o.location }]),
  ]);
  const parsed = parseDatagram(
    buildRequest({
      method: 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos.test',
      headers: [
        ['Via', 'SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1'],
        ['From', `<${o.from ?? 'sip:ana@app.lab'}>;tag=1`],
        ['To', `<${o.to ?? o.uri ?? 'urn:service:sos.test'}>`],
        ['Call-ID', `c${++serial}`],
        ['CSeq', '1 MESSAGE'],
        ...identifiers.map((value): [string, string] => ['Call-Info', value]),
        ...(o.headers ?? []),
        ['Content-Type', parts.contentType],
      ],
      body: parts.body,
    }),
  );
  if (parsed.kind !== 'message') throw new Error('the test wrote no message');
  return readIncoming(parsed.message);
}

const id = (n: number): string => `urn:emergency:uid:callid:aaaaaaaaaa${n}:app.lab`;

function desk(
  o: {
    config?: object;
    records?: MemoryRecords | TryingRecords;
    clock?: ManualClock;
    look?: LocationLook;
    outcome?: () => SendOutcome;
  } = {},
) {
  const sent: { callId: string; message: OutgoingMessage }[] = [];
  const seen: string[] = [];
  const clock = o.clock ?? new ManualClock();
  const records = o.records ?? new MemoryRecords();
  const made = new TestDesk({
    config: testsSchema.parse(o.config ?? {}),
    element: 'psap.lab',
    centre: () => centre,
    records,
    clock,
    ids: countingIds('t'),
    logger: silentLogger,
    look: o.look,
    send: (from, m) => {
      sent.push({ callId: from.callId, message: m });
      return Promise.resolve(o.outcome?.() ?? { kind: 'answered', status: 200 });
    },
    attempts: 3,
    firstPauseMs: 10,
    onTest: ({ outcome }) => seen.push(outcome),
  });
  return { desk: made, sent, seen, clock, records };
}

describe('a test call', () => {
  const pidf = writePidfLo({
    entity: 'sip:ana@app.lab',
    shape: { type: 'ellipse', center: [-3.7, 40.4], semiMajor: 30, semiMinor: 10, orientation: 90 },
    timestamp: '2026-01-01T00:00:00Z',
    retentionExpiry: '2026-01-02T00:00:00Z',
  });

  it(
    'is answered with name, service as received and location in words, and ended by that',
    { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'], shall: ['6.1.2.10-11', '6.1.2.10-13', '6.1.2.10-14', '6.1.2.10-15'] } },
    async () => {
      for (const uri of ['urn:service:sos.test', 'urn:service:SOS.fire.test', 'urn:service:test.sos.police']) {
        const b = desk();
        const m = message({ uri, callId: id(1), location: pidf });
        expect(b.desk.owns(m)).toBe(true);
        expect(await b.desk.take(m, centre)).toBe(200);
        expect(b.sent).toEqual([]);
        const { message: answer, callId } = await until(() => b.sent[0]);
        expect(callId).toBe(id(1));
        expect(answer).toMatchObject({ to: 'sip:ana@app.lab', messageType: 258, messageId: 1 });
        expect(answer.text).toBe(`112 Madrid\r\n${uri}\r\n40.40000 N, 3.70000 W, within 30 m along 90° and 10 m across`);
        await until(async () => (await b.desk.list(9))[0]?.answer === 'delivered');
        expect(b.seen).toEqual(['answered']);
      }
    },
  ); // prettier-ignore

  it('says so when there is no location', { meta: { clause: 'TS 103 698 6.1.2.10' } }, async () => {
    const b = desk();
    await b.desk.take(message({ location: '<presence' }), centre);
    expect((await until(() => b.sent[0])).message.text?.split('\r\n')[2]).toBe('no location');
    expect(b.sent[0]?.callId).toMatch(/^urn:emergency:uid:callid:.+:psap\.lab$/);
  });

  it(
    'waits for a location by reference, fetched for a test',
    { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'], shall: '6.1.2.10-17' } },
    async () => {
      let found: (value: Awaited<ReturnType<LocationLook>>) => void = () => undefined;
      const asked: string[] = [];
      const b = desk({
        look: (uri) => {
          asked.push(uri);
          return new Promise((resolve) => (found = resolve));
        },
      });
      const reference: [string, string][] = [['Geolocation', '<https://lis.lab/loc/1>']];
      expect(await b.desk.take(message({ headers: reference, callId: id(1) }), centre)).toBe(200);
      await until(() => asked.length === 1);
      expect(b.sent).toEqual([]);
      found({
        words: '1.00000 N, 2.00000 E',
        location: { source: 'reference', document: '', shapes: [], civics: [] },
      });
      expect((await until(() => b.sent[0])).message.text).toContain('\r\n1.00000 N, 2.00000 E');
      expect(await b.desk.take(message({ headers: reference, from: 'sip:eva@app.lab' }), centre)).toBe(200);
      await until(() => asked.length === 2);
      found(undefined);
      expect((await until(() => b.sent[1])).message.text).toContain('could not be fetched');
    },
  );

  it(
    'is refused when repeated within two minutes, over the limit, or when switched off',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'],
        shall: ['6.1.2.10-7', '6.1.2.10-8', '6.1.2.10-10', '6.1.2.10-18', '6.1.2.10-19'],
      },
    },
    async () => {
      const b = desk({ config: { perMinute: 3 } });
      expect(await b.desk.take(message({ callId: id(1) }), centre)).toBe(200);
      expect(await b.desk.take(message({ callId: id(2) }), centre)).toBe(486);
      expect(await b.desk.take(message({ callId: id(3), from: 'sip:b@app.lab' }), centre)).toBe(200);
      expect(await b.desk.take(message({ callId: id(4), from: 'sip:c@app.lab' }), centre)).toBe(200);
      expect(await b.desk.take(message({ callId: id(5), from: 'sip:d@app.lab' }), centre)).toBe(486);
      b.clock.advance(60_000);
      expect(await b.desk.take(message({ callId: id(6), from: 'sip:d@app.lab' }), centre)).toBe(200);
      expect(await b.desk.take(message({ callId: id(7) }), centre)).toBe(486);
      b.clock.advance(60_000);
      expect(await b.desk.take(message({ callId: id(8) }), centre)).toBe(200);
      expect(b.seen.filter((outcome) => outcome === 'refused')).toHaveLength(3);

      const off = desk({ config: { enabled: false } });
      expect(await off.desk.take(message({ callId: id(1) }), centre)).toBe(486);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(off.sent).toEqual([]);
    },
  );

  it('is taken once however often it comes', { meta: { clause: 'RFC 3428 8' } }, async () => {
    const records = new TryingRecords();
    let release: () => void = () => undefined;
    records.gate = new Promise((resolve) => (release = resolve));
    const b = desk({ records });
    const both = [1, 2].map(() => b.desk.take(message({ callId: id(1) }), centre));
    records.gate = undefined;
    release();
    expect(await Promise.all(both)).toEqual([200, 200]);
    expect(await b.desk.take(message({ callId: id(1) }), centre)).toBe(200);
    await until(() => b.sent.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(b.sent).toHaveLength(1);
  });

  it('is no test if it cannot be recorded', { meta: { clause: 'RFC 3428 7' } }, async () => {
    const records = new TryingRecords();
    records.failing = true;
    const b = desk({ records });
    expect(await b.desk.take(message({ callId: id(1) }), centre)).toBe(500);
    records.failing = false;
    expect(await b.desk.take(message({ callId: id(1) }), centre)).toBe(200);
  });

  it(
    'is remembered and answered by the next process',
    { meta: { clause: 'TS 103 698 6.1.2.10' } },
    async () => {
      const records = new MemoryRecords();
      const clock = new ManualClock();
      const first = desk({ records, clock, look: () => new Promise(() => undefined) });
      const reference: [string, string][] = [['Geolocation', '<https://lis.lab/loc/1>']];
      await first.desk.take(message({ callId: id(1), headers: reference }), centre);
      first.desk.close();
      clock.advance(30_000);
      const second = desk({ records, clock });
      await second.desk.restore();
      expect((await until(() => second.sent[0])).callId).toBe(id(1));
      expect(await second.desk.take(message({ callId: id(2) }), centre)).toBe(486);
      expect(await second.desk.take(message({ callId: id(1) }), centre)).toBe(200);
      clock.advance(91_000);
      const third = desk({ records, clock });
      await until(async () => (await third.desk.list(9))[0]?.answer === 'delivered');
      await third.desk.restore();
      expect(await third.desk.take(message({ callId: id(3) }), centre)).toBe(200);
      expect(third.sent).toHaveLength(0);
    },
  );

  it(
    'goes on without anybody, but never swallows a text',
    { meta: { clause: ['TS 103 698 6.1.2.10', 'TS 103 698 6.2.4'], shall: '6.1.2.10-3' } },
    async () => {
      const b = desk();
      await b.desk.take(message({ callId: id(1) }), centre);
      const later = { uri: 'sip:madrid@psap.esinet.internal', callId: id(1) };
      for (const [messageType, text, status] of [
        [260, '', 200],
        [258, 'bye', 200],
        [259, '', 200],
        [259, 'is anybody there?', 486],
      ] as const) {
        const m = message({ ...later, messageType, text });
        expect(b.desk.owns(m)).toBe(true);
        expect(await b.desk.take(m, centre)).toBe(status);
      }
      // A real call under the same identifier is one, and so is that of somebody else.
      expect(b.desk.owns(message({ callId: id(1), uri: 'urn:service:sos' }))).toBe(false);
      expect(b.desk.owns(message({ ...later, from: 'sip:eva@app.lab' }))).toBe(false);
    },
  );

  it('is tried again, within bounds', { meta: { clause: 'RFC 3428 8' } }, async () => {
    const b = desk({ outcome: () => ({ kind: 'answered', status: 480 }) });
    await b.desk.take(message({ callId: id(1) }), centre);
    await until(() => b.sent.length === 1);
    await b.clock.run(200);
    await until(async () => (await b.desk.list(9))[0]?.answer === 'failed');
    expect(b.sent).toHaveLength(3);
    expect(b.seen).toEqual(['undelivered']);
  });
});
