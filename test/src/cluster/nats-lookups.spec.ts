import { ecrfConfigSchema, startEcrf } from '@esinet/element-ecrf';
import { esrpConfigSchema, startEsrp } from '@esinet/element-esrp';
import { lisConfigSchema, startLis } from '@esinet/element-lis';
import { httpHeldClient } from '@esinet/held';
import { silentLogger } from '@esinet/kernel';
import { type RunningElement, SipEdge } from '@esinet/platform';
import {
  type LoopbackAgent,
  type TestServer,
  freePort,
  loopbackAgent,
  natsServer,
  requireProgram,
  until,
} from '@esinet/testing';
import { afterEach, describe, expect } from 'vitest';
import { type OpenedBus, openNatsBus } from './nats-bus.js';

const nats = requireProgram('nats-server');
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ring = [
  [-10, 35],
  [5, 35],
  [5, 45],
  [-10, 45],
  [-10, 35],
];
const spain = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      properties: {
        NGUID: 'madrid',
        ServiceURI: 'sip:madrid@psap.esinet.internal',
        ServiceURN: 'urn:service:sos',
        DsplayName: 'Madrid',
      },
      geometry: { type: 'Polygon', coordinates: [ring] },
    },
  ],
};

interface Lab {
  readonly server: TestServer;
  readonly ecrf: RunningElement;
  readonly buses: readonly OpenedBus[];
  readonly psap: LoopbackAgent;
  /** Sends a call with this Geolocation; the Route it left with, and the status. */
  call(): Promise<{ readonly status: number; readonly route: string | undefined }>;
}

/** ECRF, LIS and ESRP, each on its own connection; nobody can be reached over HTTP but the ECRF, where `ecrfUrl` says so. */
async function lab(ecrfUrl: (ecrf: RunningElement, dead: string) => string): Promise<Lab> {
  const server = await natsServer(nats.path);
  closing.push(() => server.dispose());
  const names = ['ecrf', 'lis', 'esrp'] as const;
  const buses = await Promise.all(
    names.map((instance) =>
      openNatsBus(server.url, { instance, config: { durable: [], reconnectWaitMax: 250 } }),
    ),
  );
  const [ecrfBus, lisBus, esrpBus] = buses.map(({ bus }) => bus);
  const base = (bus: typeof ecrfBus) => ({ logger: silentLogger, ...(bus && { bus }) });
  const dead = await freePort();
  const ecrf = await startEcrf(ecrfConfigSchema.parse({ http: { port: 0 } }), base(ecrfBus), { lab: spain });
  closing.push(() => ecrf.close());
  const lis = await startLis(
    lisConfigSchema.parse({
      http: { port: 0 },
      sip: null,
      publicUrl: `http://127.0.0.1:${dead}`,
      devices: [
        { identifiers: ['uri:sip:anna@app.example'], shape: { type: 'point', position: [-3.7, 40.4] } },
      ],
    }),
    base(lisBus),
  );
  closing.push(() => lis.close());
  const held = httpHeldClient({ url: `http://127.0.0.1:${lis.http.port}/held`, allowedHosts: [] });
  const given = await held.request({
    type: 'locationRequest',
    locationTypes: ['locationURI'],
    exact: true,
    device: [{ kind: 'uri', value: 'sip:anna@app.example' }],
  });
  held.close();
  const uri = given.ok ? (given.value.locationUris?.[0] ?? '') : '';
  expect(uri).toContain(`:${dead}/loc/`);
  const [psap, border] = await Promise.all([loopbackAgent(), loopbackAgent()]);
  closing.push(() => Promise.all([psap.stop(), border.stop()]));
  const esrp = await startEsrp(
    esrpConfigSchema.parse({
      http: { port: 0 },
      listen: { udp: 0, tcp: 0 },
      hosts: { 'psap.esinet.internal': [`tcp:127.0.0.1:${psap.port('tcp')}`] },
      ecrf: {
        url: ecrfUrl(ecrf, `http://127.0.0.1:${dead}/lost`),
        via: ['bus', 'http'],
        cache: { entries: 0 },
      },
      held: { allowedHosts: [`127.0.0.1:${dead}`], via: ['bus', 'http'], lis: null },
      failover: '500 ms',
    }),
    base(esrpBus),
    { drainMs: 50 },
  );
  closing.push(() => esrp.close());
  await Promise.all(buses.map(({ bus }) => bus.settled()));
  const listener = esrp
    .get<SipEdge>(SipEdge)
    .listeners()
    .find((each) => each.transport === 'tcp');
  const destination = { transport: 'tcp', address: '127.0.0.1', port: listener?.port ?? 0 } as const;
  return {
    ...{ server, ecrf, buses, psap },
    call: async () => {
      const outcome = await border.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        from: 'sip:anna@app.example',
        to: 'urn:service:sos',
        headers: [['Geolocation', `<${uri}>`]],
        contentType: 'text/plain',
        body: 'Hilfe',
        destination,
      });
      return {
        status: outcome.kind === 'response' ? outcome.message.status : 0,
        route: psap.received.at(-1)?.message.header('Route'),
      };
    },
  };
}

const toMadrid = { status: 200, route: '<sip:madrid@psap.esinet.internal;lr>' };
const toDefault = { status: 200, route: '<sip:default@psap.esinet.internal;lr>' };

describe('LoST and HELD over NATS', () => {
  nats.it('HTTP dead: location and mapping come over the bus', async () => {
    const { call } = await lab((_ecrf, dead) => dead);
    expect(await call()).toEqual(toMadrid);
  });

  nats.it('the bus dead: the ECRF is asked over HTTP; both dead: the call goes to the default', async () => {
    const { call, server, buses, ecrf } = await lab((each) => `http://127.0.0.1:${each.http.port}/lost`);
    expect(await call()).toEqual(toMadrid);
    await server.kill();
    await until(() => buses.every(({ bus }) => bus.note() !== undefined));
    // The LIS is not to be had; without a location the ECRF is not asked.
    expect(await call()).toEqual(toDefault);
    await server.start();
    await until(() => buses.every(({ bus }) => bus.note() === undefined));
    await until(async () => (await call()).route === toMadrid.route);
    // Its part on the bus goes, HTTP stays.
    await buses[0]?.bus.close();
    expect(await call()).toEqual(toMadrid);
    await ecrf.close();
    expect(await call()).toEqual(toDefault);
  });

  nats.it('frozen: the call waits no longer than ever', async () => {
    const { call, server } = await lab((each) => `http://127.0.0.1:${each.http.port}/lost`);
    server.freeze();
    const began = performance.now();
    expect(await call()).toEqual(toDefault);
    // 1 s for the location; generous for a starved machine.
    expect(performance.now() - began).toBeLessThan(8_000);
    server.thaw();
    await until(async () => (await call()).route === toMadrid.route);
  });
});
