import { ManualClock } from '@esinet/kernel';
import { readIdentifiers, type SendOutcome, writeCallInfo } from '@esinet/lmpe';
import { afterEach, describe, expect, it } from 'vitest';
import type { AppIncoming, AppLink, AppRequest } from './app-link.js';
import { ChatClient, type ChatClientOptions, type SendReport } from './chat-client.js';

const callId = 'urn:emergency:uid:callid:aaaaaaaaaa:app.lab';
const madrid = 'sip:madrid@esinet.lab';
const toledo = 'sip:toledo@esinet.lab';
const open: ChatClient[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

/** The far side: everything that was sent, answered as the test says. */
class Far implements AppLink {
  readonly sent: AppRequest[] = [];
  answer: (request: AppRequest) => SendOutcome | Promise<SendOutcome> = () => ({
    kind: 'answered',
    status: 200,
  });

  async send(request: AppRequest): Promise<SendOutcome> {
    this.sent.push(request);
    return this.answer(request);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** `type/id to text` of each. */
  get said(): string[] {
    return this.sent.map((request) => {
      const { messageType, messageId } = identified(request);
      const text = request.parts.find((part) => part.contentType.startsWith('text/plain'))?.body ?? '';
      return `${messageType}/${messageId ?? '-'} ${request.uri} ${String(text)}`.trimEnd();
    });
  }
}

const identified = (request: AppRequest) =>
  readIdentifiers(request.headers.flatMap(([name, value]) => (name === 'Call-Info' ? [value] : [])));

function bench(o: Partial<ChatClientOptions> = {}) {
  const clock = new ManualClock();
  const far = new Far();
  const client = new ChatClient({
    callId,
    service: 'urn:service:sos',
    from: '<sip:ana@provider.lab>;tag=1',
    element: 'app.lab',
    clock,
    ...o,
  });
  client.connect(far);
  open.push(client);
  let count = 0;
  const hear = (
    messageType: number,
    messageId: number | undefined,
    text: string,
    replyTo = madrid,
    sender = replyTo,
  ): number => {
    const incoming: AppIncoming = {
      sender,
      replyTo,
      callInfo: writeCallInfo({
        callId,
        messageType,
        element: 'psap',
        ...(messageId !== undefined && { messageId }),
      }),
      texts: text === '' ? [] : [text],
      reference: `ref ${++count}`,
    };
    return client.receive(incoming);
  };
  const heard: string[] = [];
  client.onMessage(({ sender, text }) => heard.push(`${sender} ${text}`));
  return { clock, far, client, hear, heard };
}

/** Lets what was answered take effect. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

describe('a chat without sockets', () => {
  it(
    'does not start again, at another PSAP, when the first speaks before the network has answered',
    { meta: { clause: 'TS 103 698 6.2.2' } },
    async () => {
      const { clock, far, client, hear } = bench();
      const answers: ((outcome: SendOutcome) => void)[] = [];
      far.answer = () => new Promise((resolve) => answers.push(resolve));
      const started = client.start('help');
      await clock.run(4_000, 500);
      expect(hear(257, 1, 'hello')).toBe(200);
      await settled();
      expect(await started).toMatchObject({ delivered: true });
      const said = client.say('fire');
      await settled();
      expect(far.said).toEqual(['257/1 urn:service:sos help', `259/2 ${madrid} fire`]);
      answers[0]?.({ kind: 'answered', status: 408 });
      answers[1]?.({ kind: 'answered', status: 200 });
      expect(await said).toMatchObject({ delivered: true });
      expect(far.said).toHaveLength(2);
    },
  );

  it('says everything once and in order', { meta: { clause: 'TS 103 698 6.2.2' } }, async () => {
    const { far, client, hear, heard } = bench();
    expect(await client.start('help')).toEqual({ delivered: true, status: 200, messageId: 1 });
    const first = client.say('one');
    const second = client.say('two');
    expect(hear(257, 1, 'What happened?')).toBe(200);
    expect(await first).toMatchObject({ delivered: true, messageId: 2 });
    expect(await second).toMatchObject({ delivered: true, messageId: 3 });
    expect(await client.stop('bye')).toMatchObject({ delivered: true, messageId: 4 });
    expect(far.said).toEqual([
      '257/1 urn:service:sos help',
      `259/2 ${madrid} one`,
      `259/3 ${madrid} two`,
      `258/4 ${madrid} bye`,
    ]);
    expect(heard).toEqual([`${madrid} What happened?`]);
  });

  it(
    'does not take the greeting for the answer to a text behind the start, and sends that to the PSAP',
    { meta: { clause: ['TS 103 698 6.2.2', 'RFC 3428 7'] } },
    async () => {
      const { clock, far, client, hear } = bench();
      // The start arrives, its answer does not; what follows it to the service goes nowhere.
      const open: ((outcome: SendOutcome) => void)[] = [];
      far.answer = () => new Promise((resolve) => open.push(resolve));
      const reports: string[] = [];
      const told = (what: string) => (r: SendReport) => reports.push(`${what} ${r.delivered} ${r.status}`);
      void client.start('help').then(told('start'));
      open[0]?.({ kind: 'answered', status: 200 });
      await settled();
      void client.stop('bye').then(told('stop'));
      await settled();
      expect(far.said).toEqual(['257/1 urn:service:sos help', '258/2 urn:service:sos bye']);
      hear(257, 1, 'hello');
      await settled();
      expect(reports).toEqual(['start true 200']);
      far.answer = () => ({ kind: 'answered', status: 200 });
      open[1]?.({ kind: 'failure', reason: 'timeout' });
      await settled();
      clock.advance(1_000);
      await settled();
      expect(reports).toEqual(['start true 200', 'stop true 200']);
      expect(far.said).toHaveLength(3);
    },
  );

  it(
    'sends what was not answered again as it was, attachments and all, to where the chat is by then',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'TS 103 698 6.2.6'] } },
    async () => {
      const { clock, far, client, hear } = bench();
      await client.start('help');
      hear(257, 1, 'hello');
      far.answer = () => ({ kind: 'failure', reason: 'timeout' });
      const photo = Uint8Array.from([0xff, 0xd8, 0, 13, 10]);
      let report: SendReport | undefined;
      void client
        .attach({ contentType: 'image/jpeg', name: 'p.jpg', body: photo })
        .say('look')
        .then((r) => (report = r));
      await settled();
      // The PSAP hands the chat over while the text is on its way.
      expect(hear(266, 1, 'moving you')).toBe(200);
      expect(hear(265, 2, 'here', toledo)).toBe(200);
      far.answer = () => ({ kind: 'answered', status: 200 });
      clock.advance(1_000);
      await settled();
      expect(report).toMatchObject({ delivered: true, messageId: 2 });
      const copies = far.sent.filter((request) => identified(request).messageId === 2);
      expect(copies.length).toBeGreaterThanOrEqual(2);
      expect(copies[0]?.uri).toBe(madrid);
      expect(copies.at(-1)?.uri).toBe(toledo);
      for (const copy of copies) expect(copy.parts.at(-1)?.body).toBe(photo);
      expect(await client.say('next')).toMatchObject({ delivered: true, messageId: 3 });
      expect(far.sent.at(-1)?.parts).toHaveLength(1);
    },
  );

  it(
    'takes one 265 after a 266, refuses the next, and knows a repeated one',
    { meta: { clause: 'TS 103 698 6.2.6', shall: '6.2.6-19' } },
    async () => {
      const { client, hear } = bench();
      const phases: string[] = [];
      client.onState((phase) => phases.push(phase));
      await client.start('help');
      hear(257, 1, 'hello');
      expect(hear(265, 2, 'unasked', toledo)).toBe(403);
      expect(hear(266, 1, '')).toBe(200);
      const held = client.attach({ contentType: 'application/json', body: '{}' }).say('held');
      expect(hear(265, 2, 'here', toledo)).toBe(200);
      expect(hear(265, 2, 'here', toledo)).toBe(200);
      expect(hear(265, 2, 'me too', 'sip:cuenca@esinet.lab')).toBe(403);
      expect(await held).toMatchObject({ delivered: true, messageId: 2 });
      expect(client.target).toBe(toledo);
      expect(phases).toEqual(['starting', 'open', 'transferring', 'open']);
    },
  );

  it(
    'keeps the attachment of a text that has to wait with that text',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'TS 103 698 6.2.6'] } },
    async () => {
      const { far, client, hear } = bench();
      await client.start('help');
      hear(257, 1, 'hello');
      hear(266, 1, '');
      const plain = client.say('plain');
      const along = client.attach({ contentType: 'image/png', body: 'x' }).say('along');
      hear(265, 2, 'here', toledo);
      await Promise.all([plain, along]);
      expect(far.sent.slice(-2).map((request) => request.parts.length)).toEqual([1, 2]);
    },
  );

  it(
    'goes where a redirect sends it, with the introduction and where it was',
    { meta: { clause: 'TS 103 698 6.2.7' } },
    async () => {
      const { far, client, hear } = bench({ did: 'did:example:1', at: { lat: 40, lon: -3 } });
      await client.start('help');
      hear(257, 1, 'hello');
      expect(hear(274, 1, 'elsewhere', toledo, madrid)).toBe(200);
      await settled();
      expect(client.phase).toBe('redirecting');
      expect(far.said.at(-1)).toBe(`273/2 ${toledo} help`);
      const headers = far.sent.at(-1)?.headers ?? [];
      expect(headers).toContainEqual(['History-Info', `<${madrid}>;index=1`]);
      expect(headers).toContainEqual(['Call-Info', '<did:example:1>;purpose=EmergencyCallData.DID']);
      expect(headers).toContainEqual(['Geolocation', '<cid:location@app.lab>']);
    },
  );

  it(
    'tells of its place and its background in keep-alives',
    { meta: { clause: 'TS 103 698 6.2.5' } },
    async () => {
      const { clock, far, client, hear } = bench({ timing: { heartbeatMs: 15_000, silenceMs: 60_000 } });
      await client.start('help');
      hear(257, 1, 'hello');
      await settled();
      client.move({ lat: 41, lon: 2 });
      await settled();
      client.inactive();
      await settled();
      clock.advance(15_000);
      await settled();
      client.active();
      await settled();
      client.locate([{ uri: 'https://lis.lab/9' }]);
      await settled();
      expect(far.said.slice(1)).toEqual([260, 388, 388, 260, 260].map((type) => `${type}/- ${madrid}`));
      expect(far.sent.at(-1)?.headers).toContainEqual(['Geolocation', '<https://lis.lab/9>']);
    },
  );

  it(
    'does not lose an attachment to a text that was refused',
    { meta: { clause: 'TS 103 698 6.1.2.8' } },
    async () => {
      const { far, client } = bench();
      client.attach({ contentType: 'image/png', body: 'x' });
      expect(await client.say('too early')).toMatchObject({ delivered: false, reason: 'refused' });
      await client.start('help');
      expect(far.sent[0]?.parts).toHaveLength(2);
    },
  );

  it('answers for nobody once it is closed', async () => {
    const { client, hear } = bench();
    await client.start('help');
    await client.close();
    expect(hear(257, 1, 'hello')).toBe(480);
    expect(await client.say('x')).toMatchObject({ delivered: false, reason: 'closed' });
  });
});
