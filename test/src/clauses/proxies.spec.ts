import { randomBytes } from 'node:crypto';
import { readBodyParts, writeMultipart } from '@esinet/sip';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callInfo } from '../interop/chat-body.js';
import { type BareLab, startBareLab } from './bare-lab.js';

let bare: BareLab;
beforeAll(async () => void (bare = await startBareLab()));
afterAll(() => bare.close());
beforeEach(() => void (bare.psap.answer = () => ({ status: 200 })));

let chats = 0;
const chat = (messageType = 257) => {
  const callId = `proxies${(chats += 1)}`.padEnd(24, 'x');
  const m = { callId, messageId: 1, messageType, text: '', latitude: 0, longitude: 0 };
  return callInfo(m).map((value) => ['Call-Info', value] as const);
};
const received = () => {
  const last = bare.psap.received.at(-1);
  if (!last) throw new Error('nothing received');
  return last.message;
};

describe('Resource-Priority', () => {
  it(
    'is what the border provisions, whatever the caller claims',
    {
      meta: {
        clause: 'TS 103 698 6.1.2.5',
        shall: ['5', '6', '7', '10', '12', '14'].map((row) => `6.1.2.5-${row}`).concat('6.1.2.4-30'),
      },
    },
    async () => {
      for (const claimed of [undefined, 'esnet.2', 'esnet.7', 'dsn.flash-override', 'nonsense']) {
        const headers = claimed === undefined ? [] : [['Resource-Priority', claimed] as const];
        expect((await bare.fromCaller({ headers: [...chat(), ...headers] })).status).toBe(200);
        expect(received().values('Resource-Priority')).toEqual(['esnet.1']);
        expect((await bare.fromProvider({ headers: [...chat(), ...headers] })).status).toBe(200);
        expect(received().values('Resource-Priority')).toEqual(['esnet.1']);
      }
    },
  );

  it(
    'stays as a PSAP says, when a call of an incident is critical',
    { meta: { clause: 'TS 103 698 6.1.2.5', shall: ['6.1.2.5-13'] } },
    async () => {
      const identifiers = chat();
      await bare.fromCaller({ headers: identifiers, from: '<sip:eva@app.lab>;tag=e' });
      await bare.fromPsap({
        uri: 'sip:eva@app.lab',
        to: 'sip:eva@app.lab',
        from: 'sip:madrid@psap.esinet.internal',
        headers: [...identifiers, ['Resource-Priority', 'esnet.2']],
      });
      expect(bare.caller.received.at(-1)?.message.values('Resource-Priority')).toEqual(['esnet.2']);
    },
  );
});

describe('History-Info and Reason', () => {
  it(
    'tell for whom a call was at first, by every element that retargets it',
    {
      meta: { clause: 'TS 103 698 6.1.2.6', shall: [1, 2, 3, 4, 5].map((row) => `6.1.2.6-${row}`) },
    },
    async () => {
      await bare.fromCaller({ uri: 'sip:112@esinet.lab', to: 'sip:112@esinet.lab', headers: chat() });
      const history = received().values('History-Info');
      expect(history[0]).toContain('sip:112@');
      expect(history.some((entry) => entry.includes('<urn:service:sos>'))).toBe(true);
      expect(history.at(-1)).toContain('sip:default@psap.esinet.internal');
      // No location came with it: that is why it is at the default centre.
      expect(received().header('Reason')).toContain('location');
    },
  );

  it.each([
    ['well-formed, of another element', '<sip:112@else.lab>;index=1, <urn:service:sos>;index=1.1;rc=1'],
    ['with a Reason inside', '<sip:a@esinet.lab?Reason=SIP%3Bcause%3D302>;index=1'],
    ['without an index', '<sip:a@esinet.lab>'],
    ['of nonsense', '<<<;;;index="'],
    ['long', Array.from({ length: 40 }, (_, i) => `<sip:a@esinet.lab>;index=1.${i}`).join(', ')],
  ])(
    'that are %s stop no call',
    { meta: { clause: 'TS 103 698 6.1.2.6', shall: '6.1.2.6-6' } },
    async (_, history) => {
      const headers = [...chat(), ['History-Info', history], ['Reason', 'X;;cause="']] as const;
      for (const send of [bare.fromProvider, bare.fromCaller]) {
        expect((await send({ headers })).status).toBe(200);
        expect(received().values('History-Info').at(-1)).toContain('sip:default@psap.esinet.internal');
      }
    },
  );
});

describe('a multipart body', () => {
  const picture = randomBytes(20_000);
  const inner = writeMultipart(
    [
      { headers: [['Content-Type', 'text/vcard']], body: 'BEGIN:VCARD\r\nEND:VCARD' },
      {
        headers: [
          ['Content-Type', 'image/png'],
          ['Content-ID', '<p@app.lab>'],
        ],
        body: picture,
      },
    ],
    { boundary: 'inner' },
  );
  const outer = writeMultipart(
    [
      { headers: [['Content-Type', 'text/plain; charset=utf-8']], body: 'two things' },
      {
        headers: [
          ['Content-Type', inner.contentType],
          ['Content-Disposition', 'render;handling=optional'],
        ],
        body: inner.body,
      },
      {
        headers: [
          ['Content-Type', 'application/emergencyCallData.eCall.MSD'],
          ['Content-Disposition', 'by-reference;handling=optional'],
          ['Content-Transfer-Encoding', 'binary'],
        ],
        body: randomBytes(140),
      },
      { headers: [['Content-Type', 'application/sdp']], body: 'v=0\r\n' },
    ],
    { boundary: 'outer' },
  );

  it(
    'of any kind passes border and router octet by octet, and so do its disposition and handling',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.8', 'RFC 2046 5.1', 'RFC 5621 4'],
        shall: ['6.1.2.8-1', '6.1.2.8-2', '6.1.2.8-4', '6.1.2.8-5'],
      },
    },
    async () => {
      await bare.fromCaller({ headers: chat(), contentType: outer.contentType, body: outer.body });
      expect(received().body.equals(outer.body)).toBe(true);
      expect(received().header('Content-Type')).toBe(outer.contentType);
      const types = readBodyParts(received()).map(({ contentType }) => contentType?.subtype);
      expect(types).toEqual(['plain', 'vcard', 'png', 'emergencycalldata.ecall.msd', 'sdp']);
    },
  );
});

describe('503', () => {
  it(
    'of a PSAP or a router does not reach the APP',
    { meta: { clause: 'TS 103 698 6.1.2.9', shall: '6.1.2.9-1' } },
    async () => {
      bare.psap.answer = () => ({ status: 503 });
      for (const request of [
        { headers: chat() },
        { headers: chat(259), uri: 'sip:madrid@esinet.lab', to: 'sip:madrid@esinet.lab' },
      ]) {
        const { status } = await bare.fromCaller(request);
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).not.toBe(503);
      }
    },
  );
});

describe('a MESSAGE', () => {
  it(
    'is all that an alert without a person needs',
    { meta: { clause: ['TS 103 698 6.1.2.2', 'RFC 8876 3'], shall: '6.1.2.2-2' } },
    async () => {
      const body = '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>';
      const contentType = 'application/EmergencyCallData.cap+xml';
      expect((await bare.fromCaller({ body, contentType })).status).toBe(200);
      expect(received().body.toString()).toBe(body);
      expect(received().header('Content-Type')).toBe(contentType);
    },
  );

  it(
    'of a dialog follows the routes of the dialog',
    { meta: { clause: ['TS 103 698 6.1.2.2', 'RFC 3261 12.2'], shall: '6.1.2.2-3' } },
    async () => {
      bare.psap.answer = (request) =>
        request.method === 'INVITE'
          ? { status: 200, headers: [['Contact', '<sip:madrid@psap.esinet.internal>']] }
          : { status: 200 };
      const answer = await bare.fromCaller({
        method: 'INVITE',
        callId: 'dialog@app.lab',
        from: '<sip:ana@app.lab>;tag=dialog',
        headers: [...chat(), ['Contact', '<sip:ana@client.invalid>']],
      });
      expect(answer.status).toBe(200);
      const within = await bare.fromCaller({
        callId: 'dialog@app.lab',
        cseq: 2,
        from: '<sip:ana@app.lab>;tag=dialog',
        uri: answer.header('Contact')?.replace(/[<>]/g, '') ?? '',
        to: answer.header('To') ?? '',
        routes: answer.values('Record-Route').toReversed(),
        body: 'in the dialog',
      });
      expect(within.status).toBe(200);
      expect(received().body.toString()).toBe('in the dialog');
      expect(received().callId).toBe('dialog@app.lab');
    },
  );
});
