import { readFileSync } from 'node:fs';
import { type Socket, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type LabProcess, httpPorts, labProcess } from './lab-process.js';
import { Wire, chatMessage } from './wire.js';

let lab: LabProcess;
let wire: Wire;
const open: Socket[] = [];
let chats = 0;

beforeAll(async () => {
  lab = await labProcess();
  wire = await Wire.open();
}, 60_000);
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});
afterAll(async () => {
  await wire.close();
  await lab.close();
}, 20_000);

async function connection(standard = 15_060): Promise<Socket> {
  const socket = connect({ port: lab.port(standard), host: '127.0.0.1' });
  open.push(socket);
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  return socket;
}

function options(port: number, number: number): string {
  return (
    `OPTIONS sip:127.0.0.1:${port} SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKhostile${number}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:h@app.lab>;tag=h\r\nTo: <sip:127.0.0.1:${port}>\r\n` +
    `Call-ID: hostile${number}@app.lab\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`
  );
}

/** Somebody else calls for help, over UDP, and has an answer over TCP. */
async function serves(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    const begun = performance.now();
    const chat = `hostile${chats++}`.padEnd(26, 'x');
    const bytes = chatMessage({ wire, chat, messageType: 257, messageId: 1, text: 'help' });
    expect((await wire.send(lab.port(15_060), bytes, 5_000))?.status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(1_000);
  }
  const socket = await connection();
  socket.write(options(lab.port(15_060), 1_000_000 + chats));
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    socket.once('close', () => resolve('closed'));
  });
  expect(answer.slice(0, 11)).toBe('SIP/2.0 200');
}

/** Megabytes of the lab's process; undefined where the system does not tell. */
function resident(): number | undefined {
  try {
    const status = readFileSync(`/proc/${lab.program.pid}/status`, 'latin1');
    return Number.parseInt(status.slice(status.indexOf('VmRSS:') + 6), 10) / 1_024;
  } catch {
    return undefined;
  }
}

it(
  'serves beside 1,000 connections that say nothing',
  { meta: { clause: 'RFC 3261 18' }, timeout: 30_000 },
  async () => {
    for (let i = 0; i < 10; i++) await Promise.all(Array.from({ length: 100 }, () => connection()));
    await serves();
  },
);

it(
  'serves beside messages that come drop by drop and never end',
  { meta: { clause: 'RFC 3261 18.3' }, timeout: 30_000 },
  async () => {
    const slow = await Promise.all(Array.from({ length: 100 }, () => connection()));
    const text = options(lab.port(15_060), 0).replace('Content-Length: 0', 'Content-Length: 60000');
    let at = 0;
    const timer = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write(text[at % text.length] ?? 'x');
      at++;
    }, 2);
    try {
      await pause(500);
      await serves();
      await pause(500);
      await serves();
    } finally {
      clearInterval(timer);
    }
  },
);

it(
  'a peer that asks and never reads fills no memory and delays nobody',
  { meta: { clause: 'house rules: what waits for a peer is bounded' }, timeout: 60_000 },
  async () => {
    const before = resident();
    const deaf = await Promise.all(Array.from({ length: 5 }, () => connection()));
    for (const socket of deaf) socket.pause();
    for (let i = 0; i < 300; i++) {
      for (const [who, socket] of deaf.entries()) {
        const batch = Array.from({ length: 50 }, (_, k) =>
          options(lab.port(15_060), (who * 300 + i) * 50 + k),
        );
        if (socket.writable && socket.writableLength < 1_048_576) socket.write(batch.join(''));
      }
      await pause(2);
      if (i % 100 === 50) await serves();
    }
    await serves();
    const after = resident();
    if (before !== undefined && after !== undefined) expect(after - before).toBeLessThan(256);
  },
);

it(
  'connections that come and go by the thousand leave nothing behind',
  { meta: { clause: 'RFC 3261 18' }, timeout: 30_000 },
  async () => {
    for (let i = 0; i < 20; i++) {
      const sockets = await Promise.all(Array.from({ length: 100 }, () => connection()));
      for (const [k, socket] of sockets.entries()) {
        if (k % 3 === 0) socket.write(options(lab.port(15_060), 2_000_000 + i * 100 + k).slice(0, 60 + k));
        if (k % 2 === 0) socket.resetAndDestroy();
        else socket.end();
      }
      open.length = 0;
    }
    await serves();
  },
);

it(
  'a WebSocket handshake that never ends, or is none, keeps nobody out',
  { meta: { clause: 'RFC 6455 4.2' }, timeout: 30_000 },
  async () => {
    const waiting = await Promise.all(Array.from({ length: 200 }, () => connection(15_080)));
    for (const [i, socket] of waiting.entries()) {
      if (i % 2) socket.write('GET /sip HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
      if (i % 3 === 0) socket.write(options(lab.port(15_080), i));
    }
    const socket = await connection(15_080);
    socket.write(
      'GET /sip HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: sip\r\n\r\n',
    );
    const answer = await new Promise<string>((resolve) => {
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1')));
    });
    expect(answer.slice(0, 12)).toBe('HTTP/1.1 101');
    await serves();
  },
);

it(
  'every element is ready after it',
  { meta: { clause: 'house rules: no input ends a process' } },
  async () => {
    for (const port of Object.values(httpPorts)) {
      await expect
        .poll(async () => (await fetch(`http://127.0.0.1:${lab.port(port)}/readyz`)).status, {
          timeout: 10_000,
        })
        .toBe(200);
    }
    expect(lab.program.output()).not.toMatch(/"level":"error"|unexpected|unhandled|TypeError/u);
  },
);
