import { type Socket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fixture, borderWith } from './border-fixture.js';

let border: Fixture;
let sender: Socket;
const answers: { readonly text: string; readonly port: number }[] = [];

beforeAll(async () => {
  border = await borderWith({});
  sender = createSocket('udp4');
  sender.bind(0, '127.0.4.1');
  await once(sender, 'listening');
  sender.on('message', (bytes, { port }) => answers.push({ text: bytes.toString('latin1'), port }));
});
afterAll(async () => {
  sender.close();
  await border.close();
});

async function ask(via: string, o: { method?: string; uri?: string } = {}): Promise<string | undefined> {
  const { method = 'OPTIONS', uri = 'sip:esinet.lab' } = o;
  const before = answers.length;
  const lines = [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${via};branch=z9hG4bK${before}x${Math.random().toString(36).slice(2)}`,
    'Max-Forwards: 70',
    'From: <sip:100@1.1.1.1>;tag=a',
    `To: <${uri}>`,
    `Call-ID: ${before}`,
    `CSeq: 1 ${method}`,
    'Content-Length: 0',
  ];
  sender.send(`${lines.join('\r\n')}\r\n\r\n`, border.listener('public-udp').port, '127.0.0.1');
  for (let i = 0; i < 100 && answers.length === before; i++)
    await new Promise((done) => setTimeout(done, 10));
  return answers[before]?.text;
}

it(
  'an answer goes to where the request came from, whatever Via says',
  { meta: { clause: ['RFC 3261 18.2.2', 'RFC 3581 4', 'RFC 4475 3.3.10'] } },
  async () => {
    const { port } = sender.address();
    for (const host of ['255.255.255.255', '224.0.0.1', '0.0.0.0', '192.0.2.7', '127.0.4.2']) {
      const answer = await ask(`${host}:${port};rport`);
      expect(answer, host).toMatch(/^SIP\/2\.0 [24]00 /);
    }
    // A maddr names nobody either.
    expect(await ask(`127.0.4.1:${port};maddr=127.0.4.2;rport`)).toMatch(/^SIP\/2\.0 200 /);
  },
);

it(
  'what scans for users learns nothing: no banner, the same answer for each',
  { meta: { clause: 'RFC 3261 20.35' } },
  async () => {
    const { port } = sender.address();
    const probes = [];
    for (const [method, uri] of [
      ['OPTIONS', 'sip:100@elsewhere.example'],
      ['OPTIONS', 'sip:minister@elsewhere.example'],
      ['REGISTER', 'sip:esinet.lab'],
      ['REGISTER', 'sip:100@esinet.lab'],
      ['OPTIONS', 'sip:esinet.lab'],
    ] as const) {
      probes.push((await ask(`127.0.4.1:${port}`, { method, uri })) ?? '');
    }
    const statuses = probes.map((text) => text.split(' ')[1]);
    expect(statuses).toEqual(['404', '404', '405', '405', '200']);
    for (const text of probes) expect(text).not.toMatch(/^(Server|User-Agent|Warning):/im);
  },
);

it(
  'an answer is not much larger than what asked for it',
  { meta: { clause: 'RFC 3261 26.3.2.4' } },
  async () => {
    const { port } = sender.address();
    for (const uri of ['sip:esinet.lab', 'sip:x@elsewhere.example']) {
      const answer = (await ask(`127.0.4.1:${port}`, { uri })) ?? '';
      expect(answer.length, uri).toBeGreaterThan(0);
      expect(answer.length, uri).toBeLessThan(700);
    }
  },
);

it(
  'what cannot be read is answered seldom, like all else of our own',
  { meta: { clause: 'RFC 3261 26.3.2.4' } },
  async () => {
    const few = await borderWith({ abuse: { ownAnswers: { rate: 0.001, burst: 3 } } });
    try {
      const before = answers.length;
      const { port } = sender.address();
      for (let i = 0; i < 9; i++) {
        const via = `Via: SIP/2.0/UDP 127.0.4.1:${port};branch=z9hG4bKbad${i}`;
        const kinds = [
          `MESSAGE urn:service:sos SIP/2.0\r\n${via}\r\nCall-ID: bad${i}\r\nContent-Length: 0\r\n\r\n`,
          `OPTIONS sip:esinet.lab SIP/2.0\r\n${via}\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:esinet.lab>\r\nCall-ID: o${i}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
          `MESSAGE urn:service:sos SIP/7.0\r\n${via}\r\nContent-Length: 0\r\n\r\n`,
        ];
        sender.send(kinds[i % 3] ?? '', few.listener('public-udp').port, '127.0.0.1');
      }
      await expect.poll(() => answers.length - before).toBe(3);
      await expect
        .poll(() => few.metrics())
        .toContain('esinet_bcf_limited_total{reason="own-answers",outcome="dropped",element="bcf"} 6');
      expect(answers.length - before).toBe(3);
    } finally {
      await few.close();
    }
  },
);
