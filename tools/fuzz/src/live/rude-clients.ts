import { type Socket, connect } from 'node:net';
import { findService, locationRequest } from './corpus.js';
import type { LabProcess } from './lab-process.js';
import { properAnswers } from './lookup-fuzz.js';

const silent = 400;
const dripping = 40;
/** A request has to come within 10 s, which is looked at every second; a slow machine gets some more. */
const closedWithinMs = 20_000;
/** While all of them are there, others are answered within this. */
const answeredWithinMs = 1_000;

const servers = [
  { name: 'ECRF', port: 15_222, path: '/lost', type: 'application/lost+xml', document: findService },
  { name: 'LIS', port: 15_985, path: '/held', type: 'application/held+xml', document: locationRequest },
] as const;
type Server = (typeof servers)[number];

/**
 * Clients that do not keep to HTTP: connections that say nothing or half of a header, bodies that come drop by drop, too
 * large, in chunks without end, or with other types. Each has to be refused or closed, and nobody else may notice.
 */
export async function rudeClients(lab: LabProcess): Promise<string[]> {
  const faults: string[] = [];
  for (const server of servers) {
    faults.push(...(await refusals(lab, server)));
    const quiet = await Promise.all(
      Array.from({ length: silent }, (_, i) =>
        open(lab, server, i % 2 ? '' : `POST ${server.path} HTTP/1.1\r\nHost: a\r\nContent-`),
      ),
    );
    const drips = await Promise.all(Array.from({ length: dripping }, () => drip(lab, server)));
    faults.push(...(await properAnswers(lab, answeredWithinMs)));
    const closed = await Promise.all(
      drips.map(({ socket, stop }) => until(socket, closedWithinMs).finally(stop)),
    );
    const open_ = closed.filter((done) => !done).length;
    if (open_ > 0) faults.push(`${server.name}: ${open_} of ${dripping} dripping requests were never closed`);
    for (const socket of quiet) socket.destroy();
    faults.push(...(await properAnswers(lab, answeredWithinMs)));
  }
  return faults;
}

async function refusals(lab: LabProcess, server: Server): Promise<string[]> {
  const body = Buffer.from(server.document);
  const head = (lines: string): string => `POST ${server.path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${lines}\r\n`;
  const chunk = `4000\r\n${' '.repeat(0x4000)}\r\n`;
  const cases: readonly (readonly [what: string, expected: RegExp, text: string])[] = [
    [
      'a body announced too large',
      / 413 /,
      head(`Content-Type: ${server.type}\r\nContent-Length: 99999999\r\n`),
    ],
    [
      'chunks without end',
      / 413 /,
      head(`Content-Type: ${server.type}\r\nTransfer-Encoding: chunked\r\n`) + chunk.repeat(8),
    ],
    ['a length that is none', / 400 /, head(`Content-Type: ${server.type}\r\nContent-Length: -5\r\n`)],
    ['two lengths', / 400 /, head('Content-Length: 5\r\nContent-Length: 6\r\n') + 'aaaaa'],
    [
      'a header without end',
      / 431 /,
      `POST ${server.path} HTTP/1.1\r\n${`X-A: ${'a'.repeat(1_000)}\r\n`.repeat(40)}`,
    ],
    ...[
      'image/png',
      'application/json',
      'multipart/form-data; boundary=a',
      'a',
      '/',
      'application/pidf+xml',
    ].map(
      (type) =>
        [
          `the type ${type}`,
          / 415 /,
          head(`Content-Type: ${type}\r\nContent-Length: ${body.length}\r\n`) + body.toString(),
        ] as const,
    ),
    ...['PATCH', 'DELETE', 'PUT', 'OPTIONS'].map(
      (method) =>
        [`the method ${method}`, / 4\d\d /, head('Content-Length: 0\r\n').replace('POST', method)] as const,
    ),
    ['no HTTP', / 400 /, 'MESSAGE urn:service:sos SIP/2.0\r\n\r\n'],
    ['a TLS hello on the plain port', / 400 |^$/, '\x16\x03\x01\x02\x00\x01\x00'],
  ];
  const faults: string[] = [];
  for (const [what, expected, text] of cases) {
    const said = await first(await open(lab, server, text), 5_000);
    if (!expected.test(said))
      faults.push(`${server.name}: ${what}: ${said === '' ? 'no answer' : said.split('\r\n', 1)[0]}`);
  }
  return faults;
}

function open(lab: LabProcess, server: Server, text: string): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect({ port: lab.port(server.port), host: '127.0.0.1' });
    socket.on('error', () => undefined);
    socket.once('connect', () => {
      if (text !== '') socket.write(text, 'latin1');
      resolve(socket);
    });
    socket.once('close', () => resolve(socket));
  });
}

/** A body that comes by one octet each quarter of a second. */
async function drip(lab: LabProcess, server: Server): Promise<{ socket: Socket; stop: () => void }> {
  const socket = await open(
    lab,
    server,
    `POST ${server.path} HTTP/1.1\r\nHost: a\r\nContent-Type: ${server.type}\r\nContent-Length: 5000\r\n\r\n`,
  );
  socket.resume();
  const timer = setInterval(() => socket.write(' '), 250);
  const stop = (): void => {
    clearInterval(timer);
    socket.destroy();
  };
  return { socket, stop };
}

/** What is read first, '' where nothing is. */
function first(socket: Socket, ms: number): Promise<string> {
  return new Promise((resolve) => {
    const done = (text: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(() => done(''), ms);
    socket.once('data', (chunk) => done(chunk.toString('latin1')));
    socket.once('close', () => done(''));
  });
}

/** Whether it closes within that time. */
function until(socket: Socket, ms: number): Promise<boolean> {
  if (socket.destroyed || socket.closed) return Promise.resolve(true);
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), ms);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
