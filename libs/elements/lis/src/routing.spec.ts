import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type FindServiceRequest, readLostRequest, writeLostAnswer } from '@esinet/lost';
import { describe, expect, it } from 'vitest';
import { asked, closing, start } from './lis-fixture.js';

/** A LoST server that answers as told, and what it was asked. */
async function lostServer(
  answer: (request: FindServiceRequest) => string | undefined,
): Promise<{ url: string; questions: FindServiceRequest[] }> {
  const questions: FindServiceRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const read = readLostRequest(Buffer.concat(chunks));
      if (!read.ok || read.value.type !== 'findService') throw new Error('no findService');
      questions.push(read.value);
      const text = answer(read.value);
      if (text !== undefined) response.writeHead(200, { 'content-type': 'application/lost+xml' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/lost`, questions };
}

const mapped = (service: string, uris: string[], warning = false): string =>
  writeLostAnswer({
    type: 'findServiceResponse',
    mappings: [
      {
        source: 'ecrf.lab.example',
        sourceId: 'm1',
        lastUpdated: '2026-01-01T00:00:00Z',
        expires: 'NO-CACHE',
        displayName: [{ lang: 'en', text: 'Centre' }],
        service,
        uris,
      },
    ],
    warnings: warning
      ? [{ code: 'defaultMappingReturned', message: 'default', source: 'ecrf.lab.example' }]
      : [],
    path: ['ecrf.lab.example'],
  });

const device = {
  identifiers: ['ip:127.0.0.1'],
  shape: { type: 'circle', center: [-3.7, 40.4], radius: 30 },
  civic: { country: 'ES', A1: 'Madrid' },
};

describe('routing information', () => {
  it(
    'is what LoST says for the place of the device',
    { meta: { clause: ['RFC 7840 4', 'RFC 7840 6'] } },
    async () => {
      const { url, questions } = await lostServer(({ service }) =>
        mapped(service, [
          'sip:madrid@psap.lab',
          'sips:madrid@psap.lab',
          'sip:second@psap.lab',
          'xmpp:112@psap.lab',
        ]),
      );
      const lis = await start({ devices: [device], routing: { lost: url } });
      expect((await asked(lis)).routing).toBeUndefined();
      expect(questions).toHaveLength(0);
      const answer = await asked(lis, { routing: 'urn:service:sos.fire' });
      expect(answer.routing).toEqual({
        service: 'urn:service:sos.fire',
        destinations: ['sip:madrid@psap.lab', 'sips:madrid@psap.lab', 'xmpp:112@psap.lab'],
        defaultRoute: false,
      });
      expect(answer.pidfLo).toBeDefined();
      expect(questions[0]).toMatchObject({
        service: 'urn:service:sos.fire',
        recursive: true,
        locations: [{ shape: { radius: 30 } }, { civic: {} }],
      });
      // Also where only a reference is wanted: the place itself stays here.
      const byReference = await asked(lis, {
        locationTypes: ['locationURI'],
        exact: true,
        routing: 'urn:service:sos',
      });
      expect([byReference.pidfLo, byReference.routing?.destinations.length]).toEqual([undefined, 3]);
    },
  );

  it('is a default route, marked so, where LoST knows none', { meta: { clause: 'RFC 7840 4' } }, async () => {
    const notFound = await lostServer(() =>
      writeLostAnswer({ type: 'errors', source: 'a.example', errors: [{ code: 'notFound', message: '' }] }),
    );
    const silent = await lostServer(() => undefined);
    const rubbish = await lostServer(() => '<a>');
    for (const { url } of [notFound, silent, rubbish, { url: 'http://127.0.0.1:1/lost' }]) {
      const routing = { lost: url, default: 'sip:default@psap.lab', timeout: 200 };
      const lis = await start({ devices: [device], routing });
      const answer = await asked(lis, { routing: 'urn:service:sos.police' });
      expect(answer.routing).toEqual({
        service: 'urn:service:sos',
        destinations: ['sip:default@psap.lab'],
        defaultRoute: true,
      });
      expect(answer.pidfLo).toBeDefined();
      const without = await start({ devices: [device], routing: { lost: url, timeout: 200 } });
      const bare = await asked(without, { routing: 'urn:service:sos' });
      expect([bare.routing, typeof bare.pidfLo]).toEqual([undefined, 'string']);
    }
    const ofLost = await lostServer(() => mapped('urn:service:sos', ['sip:any@psap.lab'], true));
    const lis = await start({ devices: [device], routing: { lost: ofLost.url } });
    expect((await asked(lis, { routing: 'urn:service:sos' })).routing?.defaultRoute).toBe(true);
  });
});
