import { type Socket, connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type LabProcess, httpPorts, labProcess } from './lab-process.js';

let lab: LabProcess;
const open: Socket[] = [];

beforeAll(async () => {
  lab = await labProcess();
}, 60_000);
afterEach(() => {
  for (const socket of open.splice(0)) socket.destroy();
});
afterAll(() => lab.close(), 20_000);

const findService =
  '<findService xmlns="urn:ietf:params:xml:ns:lost1"><location id="a" profile="geodetic-2d">' +
  '<Point xmlns="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"><pos>40.4168 -3.7038</pos></Point>' +
  '</location><service>urn:service:sos</service></findService>';
const locationRequest =
  '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><device xmlns="urn:ietf:params:xml:ns:geopriv:held:id">' +
  '<uri>sip:caller1@provider.lab</uri></device></locationRequest>';

/** Each server, a request everybody must get through with, and what its answer holds. */
const servers = [
  {
    name: 'ECRF',
    type: 'application/lost+xml',
    port: httpPorts.ecrf,
    method: 'POST',
    path: '/lost',
    body: findService,
    holds: 'sip:madrid@',
  },
  {
    name: 'LIS',
    type: 'application/held+xml',
    port: httpPorts.lis,
    method: 'POST',
    path: '/held',
    body: locationRequest,
    holds: 'presence',
  },
  {
    name: 'PSAP',
    type: '',
    port: httpPorts.psap,
    method: 'GET',
    path: '/api/chats',
    body: '',
    holds: 'chats',
  },
] as const;
type Server = (typeof servers)[number];

const longestMs = 1_000;

/** Others are served meanwhile. */
async function serves({ port, type, method, path, body, holds }: Server): Promise<void> {
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    const answer = await fetch(`http://127.0.0.1:${lab.port(port)}${path}`, {
      method,
      ...(method === 'POST' && { body, headers: { 'content-type': type } }),
    });
    expect(await answer.text()).toContain(holds);
    expect(answer.status).toBe(200);
    expect(performance.now() - begun).toBeLessThan(longestMs);
  }
}

interface Raw {
  readonly socket: Socket;
  text: string;
  /** Resolves with all it was sent once the server has closed the connection. */
  readonly closed: Promise<string>;
}

async function raw({ port }: Server): Promise<Raw> {
  const socket = connect({ port: lab.port(port), host: '127.0.0.1' });
  open.push(socket);
  let done: (text: string) => void = () => undefined;
  const connection: Raw = { socket, text: '', closed: new Promise((resolve) => (done = resolve)) };
  socket.on('data', (chunk: Buffer) => (connection.text += chunk.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => done(connection.text));
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  return connection;
}

it(
  'requests that come drop by drop are ended',
  { meta: { clause: 'RFC 9110 15.5.9' }, timeout: 30_000 },
  async () => {
    const drips = await Promise.all(
      servers.flatMap((server) =>
        Array.from({ length: 20 }, async () => ({ server, ...(await raw(server)), at: 0 })),
      ),
    );
    const timer = setInterval(() => {
      for (const drip of drips) {
        const { method, path } = drip.server;
        const text = `${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Slow: `;
        if (drip.socket.writable) drip.socket.write(text[drip.at++] ?? 'y');
      }
    }, 100);
    try {
      await Promise.all(servers.map(serves));
      const ends = await Promise.all(drips.map(({ closed }) => closed));
      expect(new Set(ends.map((end) => end.slice(0, 12)))).toEqual(new Set(['HTTP/1.1 408']));
    } finally {
      clearInterval(timer);
    }
  },
);

describe.each(servers)('$name', (server) => {
  const { method, path } = server;

  it('refuses huge headers', { meta: { clause: 'RFC 6585 5' } }, async () => {
    const one = await raw(server);
    one.socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nX-Huge: ${'y'.repeat(1_000_000)}\r\n\r\n`);
    const many = await raw(server);
    many.socket.write(
      `${method} ${path} HTTP/1.1\r\nHost: x\r\n${Array.from({ length: 5_000 }, (_, i) => `X-${i}: y\r\n`).join('')}\r\n`,
    );
    expect((await one.closed).slice(0, 12)).toBe('HTTP/1.1 431');
    expect((await many.closed).slice(0, 12)).toBe('HTTP/1.1 431');
    await serves(server);
  });

  it.each([
    ['declared', 'Content-Length: 10485760'],
    ['in chunks', 'Transfer-Encoding: chunked'],
  ])('refuses a body of 10 MB, %s', { meta: { clause: 'RFC 9110 15.5.14' } }, async (_how, header) => {
    const target = server.name === 'PSAP' ? '/api/chats/x/messages' : path;
    const { socket, closed } = await raw(server);
    socket.write(`POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${header}\r\n\r\n`);
    const chunk = Buffer.alloc(65_536, 'x');
    for (let i = 0; i < 160 && socket.writable; i++) {
      if (header.startsWith('Transfer')) socket.write('10000\r\n');
      socket.write(chunk);
      if (header.startsWith('Transfer')) socket.write('\r\n');
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (header.startsWith('Transfer') && socket.writable) socket.write('0\r\n\r\n');
    // The reset of a connection that is still being written to may overtake the answer.
    await serves(server);
    socket.end();
    expect(['HTTP/1.1 413', '']).toContain((await closed).slice(0, 12));
  });

  it('serves beside 200 connections that say nothing', { meta: { clause: 'RFC 9112 9.5' } }, async () => {
    await Promise.all(Array.from({ length: 200 }, () => raw(server)));
    await serves(server);
  });

  it.each([
    ['two lengths', 'Content-Length: 5\r\nContent-Length: 6'],
    ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked'],
    ['a negative length', 'Content-Length: -1'],
    ['an obsolete fold', 'X-Fold: a\r\n b\r\nContent-Length: 1_0'],
  ])('refuses %s', { meta: { clause: 'RFC 9112 6.3' } }, async (_what, header) => {
    const { socket, closed } = await raw(server);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\nhello`);
    expect((await closed).slice(0, 12)).toBe('HTTP/1.1 400');
    await serves(server);
  });
});

it(
  'the lab is still the same process',
  { meta: { clause: 'house rules: no input ends a process' } },
  async () => {
    for (const port of Object.values(httpPorts)) {
      expect((await fetch(`http://127.0.0.1:${lab.port(port)}/livez`)).status).toBe(200);
    }
    expect(lab.program.output()).not.toMatch(/unexpected|unhandled|TypeError/u);
  },
);
