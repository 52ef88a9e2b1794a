import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { PsapClient, type PsapEvent, eventsOf } from './psap-client.js';

async function* pieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const octets = new TextEncoder().encode(text);
  for (let i = 0; i < octets.length; i += size) yield octets.subarray(i, i + size);
}

const stream =
  'retry: 2000\nid: 7\nevent: ready\ndata: {}\n\n: ping\n\n' +
  'id: 8\r\nevent: message\r\ndata: {"chat":"añ","text":"x"}\r\n\r\nid: 9\nevent: queue\ndata: not json\n\n' +
  'id: 10\nevent: cut off\ndata: {"chat":"b"}\n';

describe('the event stream of a PSAP', () => {
  it.each([1, 2, 3, 7, 1_000])(
    'is read in pieces of %d octets',
    { meta: { clause: 'HTML 9.2.6' } },
    async (size) => {
      const read: (PsapEvent & { id?: string })[] = [];
      for await (const event of eventsOf(pieces(stream, size))) read.push(event);
      expect(read).toEqual([
        { type: 'ready', id: '7' },
        { type: 'message', chat: 'añ', id: '8' },
        { type: 'queue', id: '9' },
      ]);
    },
  );

  it('goes on after it broke, from where it was', { meta: { clause: 'HTML 9.2.4' } }, async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.headers['last-event-id'] as string | undefined);
      if (asked.length === 1) response.writeHead(503).end();
      else response.writeHead(200).end(stream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const broken: string[] = [];
    await new PsapClient(`http://127.0.0.1:${port}/`, 'bot').events({
      until: stop.signal,
      opened: () => undefined,
      heard: () => asked.length === 3 && stop.abort(),
      broken: (reason) => broken.push(reason),
    });
    expect(asked).toEqual([undefined, undefined, '9']);
    expect(broken).toEqual(['status 503', 'ended']);
    await new Promise((resolve) => server.close(resolve));
  });

  it('makes a refusal of every failure', async () => {
    const server = createServer((request, response) => {
      if (request.method === 'PUT') response.writeHead(409).end('{"code":"no-seat","detail":"full"}');
      else response.writeHead(200).end('<html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const psap = new PsapClient(`http://127.0.0.1:${port}`, 'bot');
    expect(await psap.signOn({ name: 'Bot', seats: 1 })).toEqual({
      ok: false,
      error: { code: 'no-seat', status: 409, message: 'full' },
    });
    expect(await psap.queue()).toMatchObject({ ok: false, error: { code: 'unreachable' } });
    await new Promise((resolve) => server.close(resolve));
    expect(await psap.queue()).toMatchObject({ ok: false, error: { code: 'unreachable', status: 0 } });
  });
});
