import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger, systemClock } from '@esinet/kernel';
import { writePidfLo } from '@esinet/location';
import { InProcessBus, MemoryRecords, SipEdge } from '@esinet/platform';
import { until } from '@esinet/testing';
import { expect, it, onTestFinished } from 'vitest';
import { psapConfigSchema } from '../config.js';
import { Caller, callId, identify } from '../psap-fixture.js';
import { startPsap } from '../start-psap.js';

it(
  'a location is asked for with the credentials of tests in a test, and never in a real call',
  { meta: { clause: ['TS 103 698 6.1.2.10', 'RFC 6881 15'], shall: '6.1.2.10-17' } },
  async () => {
    const asked: { path: string | undefined; token: string | undefined }[] = [];
    const lis = createServer((request, response) => {
      asked.push({ path: request.url, token: request.headers.authorization });
      if (request.url === '/slow') return;
      response.setHeader('content-type', 'application/pidf+xml').end(
        writePidfLo({
          entity: 'sip:ana@provider.lab',
          civic: { elements: [{ name: 'country', value: 'ES' }, { name: 'A3', value: 'Madrid' }, { name: 'RD', value: 'Gran Vía' }, { name: 'HNO', value: '1' }] },
          timestamp: '2026-01-01T00:00:00Z',
          retentionExpiry: '2026-01-02T00:00:00Z',
        }),
      );
    }); // prettier-ignore
    await new Promise<void>((resolve) => lis.listen(0, '127.0.0.1', resolve));
    const host = `127.0.0.1:${(lis.address() as AddressInfo).port}`;
    const caller = new Caller();
    const port = await caller.start();
    const config = psapConfigSchema.parse({
      listeners: [{ name: 'psap-udp', transport: 'udp', port: 0 }],
      http: { port: 0 },
      outboundProxy: `udp:127.0.0.1:${port}`,
      held: { allowedHosts: [host] },
      tests: { interval: 0, held: { token: 'only-a-test', timeout: '300 ms' } },
      drain: 0,
    });
    const bus = new InProcessBus({ logger: silentLogger, clock: systemClock });
    const element = await startPsap(config, { records: new MemoryRecords(), bus });
    onTestFinished(async () => {
      await element.close();
      await caller.close();
      lis.closeAllConnections();
      await new Promise((resolve) => lis.close(resolve));
    });
    const psap = element.get<SipEdge>(SipEdge).port('psap-udp') ?? 0;
    const id = (n: number): string => `${callId.slice(0, -8)}${n}:app.lab`;
    const send = (n: number, uri: string, path: string): Promise<number> =>
      caller.send(psap, {
        uri,
        callInfo: identify(257, 1, id(n)),
        headers: [['Geolocation', `<http://${host}${path}>`]],
      });

    expect(await send(1, 'urn:service:sos.test', '/test')).toBe(200);
    expect((await caller.request(1)).body.toString()).toBe(
      'default\r\nurn:service:sos.test\r\nGran Vía 1, Madrid, ES',
    );
    expect(await send(2, 'urn:service:sos', '/real')).toBe(200);
    await until(() => asked.length === 2);
    expect(asked).toEqual([
      { path: '/test', token: 'Bearer only-a-test' },
      { path: '/real', token: undefined },
    ]);
    // A LIS that does not answer keeps nobody waiting for long.
    expect(await send(3, 'urn:service:sos.test', '/slow')).toBe(200);
    await until(() => caller.received.length === 3);
    expect(caller.received[2]?.body.toString()).toContain('could not be fetched');
  },
);
