import { writeHeldRequest } from '@esinet/held';
import { ManualClock } from '@esinet/kernel';
import { readPidfLo } from '@esinet/location';
import { InProcessBus, MemoryStore } from '@esinet/platform';
import { expect, it } from 'vitest';
import { lisConfigSchema } from './lis-config.js';
import { caller, clientOf, closing, codeOf, devices, post, question, start, urlOf } from './lis-fixture.js';

it(
  'tells a device where it is, by value and by reference',
  {
    meta: {
      clause: ['RFC 5985 6.2', 'RFC 5985 6.5', 'RFC 6753 3'],
      shall: ['5.5.2-1', '5.5.2-2', '5.5.4-3'],
    },
  },
  async () => {
    const lis = await start();
    const client = clientOf(lis);
    const answer = await client.request(question());
    if (!answer.ok) throw new Error(answer.error.code);
    const { pidfLo, locationUris = [], expires = '' } = answer.value;
    const read = readPidfLo(Buffer.from(pidfLo ?? ''));
    expect(read).toMatchObject({
      ok: true,
      value: {
        shapes: [{ type: 'circle', center: [-3.7038, 40.4168], radius: 30 }],
        civics: [
          {
            elements: [
              { name: 'country', value: 'ES' },
              { name: 'A1', value: 'Madrid' },
            ],
          },
        ],
        method: 'Wiremap',
      },
    });
    expect(locationUris).toEqual([
      expect.stringMatching(new RegExp(`^http://127.0.0.1:${lis.http.port}/loc/[a-z0-9]{26}$`)),
    ]);
    expect(Date.parse(expires) - Date.now()).toBeGreaterThan(29 * 60_000);
    expect(expires).toMatch(/Z$/);

    const [uri = ''] = locationUris;
    for (const responseTime of [undefined, 'emergencyRouting', 500] as const) {
      const dereferenced = await client.dereference(uri, responseTime === undefined ? {} : { responseTime });
      expect(dereferenced).toMatchObject({ ok: true, value: { shapes: [{ radius: 30 }], civics: [{}] } });
    }
  },
);

it(
  'gives away nothing that leads back to the device',
  { meta: { clause: ['RFC 5985 6.6', 'RFC 5985 6.5.1', 'RFC 6753 6'] } },
  async () => {
    const lis = await start();
    const client = clientOf(lis);
    const entities = new Set<string>();
    const uris = new Set<string>();
    for (let i = 0; i < 3; i += 1) {
      const answer = await client.request(question({ device: caller('caller1') }));
      if (!answer.ok) throw new Error(answer.error.code);
      expect(answer.value.pidfLo).not.toContain('caller1');
      expect(answer.value.device).toEqual(caller('caller1'));
      const read = readPidfLo(Buffer.from(answer.value.pidfLo ?? ''));
      if (read.ok) entities.add(read.value.entity);
      uris.add(answer.value.locationUris?.[0] ?? '');
    }
    expect([entities.size, uris.size]).toEqual([3, 3]);
  },
);

it(
  'answers a GET in HELD, or as presence where that is wanted',
  { meta: { clause: 'RFC 6753 3.2', shall: '5.5.2-2' } },
  async () => {
    const lis = await start();
    const answer = await clientOf(lis).request(question({ locationTypes: ['locationURI'], exact: true }));
    if (!answer.ok) throw new Error(answer.error.code);
    expect(answer.value.pidfLo).toBeUndefined();
    const uri = answer.value.locationUris?.[0] ?? '';
    const typeOf = async (accept: string): Promise<string | null> => {
      const response = await fetch(uri, { headers: { accept } });
      expect(response.headers.get('cache-control')).toContain('no-store');
      return response.headers.get('content-type');
    };
    expect(await typeOf('*/*')).toBe('application/held+xml;charset=utf-8');
    expect(await typeOf('application/pidf+xml,application/held+xml;q=0.5')).toBe('application/pidf+xml');
    expect(await typeOf('application/pidf+xml;q=0.5, application/held+xml')).toBe(
      'application/held+xml;charset=utf-8',
    );
    expect(await typeOf('application/pidf+xml;q=0')).toBe('application/held+xml;charset=utf-8');

    const minimal = '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"';
    expect(await codeOf(await post(uri, `${minimal}/>`))).toBe('location');
    const civic = await post(
      uri,
      `${minimal}><locationType exact="true">civic</locationType></locationRequest>`,
    );
    expect(await civic.text()).not.toContain('<gs:Circle');
    const uriWanted = `${minimal}><locationType exact="true">locationURI</locationType></locationRequest>`;
    expect(await codeOf(await post(uri, uriWanted))).toBe('cannotProvideLiType');
    expect(await codeOf(await post(uri, writeHeldRequest(question({ device: caller('caller1') }))))).toBe(
      'badIdentifier',
    );
    expect((await fetch(uri, { method: 'PUT', body: 'x' })).status).toBe(405);
  },
);

it(
  'honours a reference until it lapses, or the device is gone',
  { meta: { clause: ['RFC 5985 6.5.2', 'RFC 5985 9.3'] } },
  async () => {
    const clock = new ManualClock();
    const store = new MemoryStore({ clock });
    const lis = await start({ uriExpires: '30 min' }, { clock, store });
    const client = clientOf(lis);
    const reference = async (name: string): Promise<string> => {
      const answer = await client.request(question({ device: caller(name) }));
      return answer.ok ? (answer.value.locationUris?.[0] ?? '') : '';
    };
    const [one, two] = [await reference('caller1'), await reference('caller2')];
    expect((await fetch(one)).status).toBe(200);
    expect((await fetch(urlOf(lis, '/devices/here'), { method: 'DELETE' })).status).toBe(204);
    const request = writeHeldRequest(question());
    for (const uri of [
      one,
      urlOf(lis, '/loc/'),
      urlOf(lis, `/loc/${'a'.repeat(26)}`),
      urlOf(lis, '/loc/%00'),
      urlOf(lis, '/loc/a/b'),
    ]) {
      const response = await fetch(uri);
      expect([response.status, await response.text()]).toEqual([404, '']);
      expect(await codeOf(await post(uri, request))).toBe('locationUnknown');
    }
    clock.advance(29 * 60_000);
    expect((await fetch(two)).status).toBe(200);
    clock.advance(60_001);
    expect((await fetch(two)).status).toBe(404);
  },
);

it('says what it cannot do as a HELD error in a 200', { meta: { clause: 'RFC 5985 6.3' } }, async () => {
  const lis = await start();
  const url = urlOf(lis);
  const asked = async (body: string): Promise<string> => codeOf(await post(url, body));
  expect(await asked('hello')).toBe('xmlError');
  expect(await asked('')).toBe('xmlError');
  expect(await asked('<!DOCTYPE a><a/>')).toBe('xmlError');
  expect(await asked('<locationRequest xmlns="urn:x"/>')).toBe('unsupportedMessage');
  expect(await asked(writeHeldRequest(question({ device: [{ kind: 'ip', value: '1.2.3.400' }] })))).toBe(
    'badIdentifier',
  );
  expect(await asked(writeHeldRequest(question({ device: caller('nobody') })))).toBe('locationUnknown');
  const exact = { locationTypes: ['civic'], exact: true } as const;
  expect(await asked(writeHeldRequest(question({ device: caller('caller2'), ...exact })))).toBe(
    'cannotProvideLiType',
  );
  expect(await asked(writeHeldRequest(question({ device: caller('slow'), responseTime: 20 })))).toBe(
    'timeout',
  );
  // A reference is there at once: the location is looked for when somebody asks.
  const reference = { locationTypes: ['locationURI'], exact: true } as const;
  expect(
    await asked(writeHeldRequest(question({ device: caller('slow'), responseTime: 20, ...reference }))),
  ).toBe('location');
});

it('leaves faults of HTTP to HTTP', { meta: { clause: 'RFC 5985 8' } }, async () => {
  const lis = await start();
  const url = urlOf(lis);
  const body = writeHeldRequest(question());
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await post(url, body, headers)).status;
  expect(await statusOf({})).toBe(200);
  expect(
    await statusOf({ 'content-type': 'application/held+xml;charset=utf-8', accept: 'application/held+xml' }),
  ).toBe(200);
  expect(await statusOf({ 'content-type': 'text/xml' })).toBe(415);
  expect(await statusOf({ accept: 'text/html' })).toBe(406);
  expect(await statusOf({ accept: 'text/html, application/*;q=0.1' })).toBe(200);
  expect(await statusOf({ 'if-none-match': '"a"' })).toBe(412);
  expect(await statusOf({ range: 'bytes=0-1' })).toBe(501);
  const get = await fetch(url);
  expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST']);
  const large = await post(url, ' '.repeat(70_000)).catch(() => undefined);
  expect(large?.status ?? 413).toBe(413);
  expect(await statusOf({})).toBe(200);
});

it(
  'tells third parties only what they may know',
  { meta: { clause: 'RFC 6155 4.2', shall: '5.5.2-1' } },
  async () => {
    const lis = await start({ thirdParties: [], devices: devices.slice(1) });
    const bodies = new Set<string>();
    for (const name of ['caller2', 'nobody']) {
      const response = await post(urlOf(lis), writeHeldRequest(question({ device: caller(name) })));
      bodies.add(await response.text());
    }
    expect([...bodies]).toEqual([expect.stringContaining('badIdentifier')]);
    expect(await codeOf(await post(urlOf(lis), writeHeldRequest(question())))).toBe('locationUnknown');
  },
);

it('takes devices over HTTP, from provisioners', async () => {
  const lis = await start();
  const put = (id: string, value: unknown, type = 'application/json'): Promise<Response> =>
    fetch(urlOf(lis, `/devices/${id}`), {
      method: 'PUT',
      body: typeof value === 'string' ? value : JSON.stringify(value),
      headers: { 'content-type': type },
    });
  const van = { identifiers: ['mac:A0-12-34-56-78-90'], shape: { type: 'point', position: [-3, 40] } };
  expect((await put('van%2F1', van)).status).toBe(201);
  expect((await put('van%2F1', { ...van, civic: { country: 'ES' } })).status).toBe(200);
  expect(await (await fetch(urlOf(lis, '/devices/van%2F1'))).json()).toMatchObject({
    id: 'van/1',
    civic: { country: 'ES' },
  });
  const found = await clientOf(lis).request(
    question({ device: [{ kind: 'mac', value: 'a0-12-34-56-78-90' }] }),
  );
  expect(found.ok).toBe(true);
  expect(await (await fetch(urlOf(lis, '/devices'))).json()).toHaveLength(4);

  expect((await put('eve', { ...van, identifiers: ['ip:127.0.0.1'] })).status).toBe(409);
  expect((await put('eve', '{"identifiers":')).status).toBe(400);
  expect(
    await (await put('eve', { ...van, shape: { type: 'point', position: [0, 91] } })).json(),
  ).toMatchObject({
    errors: [{ path: 'shape.position.1' }],
  });
  expect((await put('eve', van, 'text/plain')).status).toBe(415);
  expect((await put('%E0%A4%A', van)).status).toBe(404);
  expect((await fetch(urlOf(lis, '/devices/nobody'), { method: 'DELETE' })).status).toBe(404);

  const closed = await start({ provisioners: ['URI:sip:admin.esinet.lab'] });
  for (const method of ['GET', 'PUT', 'DELETE']) {
    expect((await fetch(urlOf(closed, '/devices/here'), { method })).status).toBe(403);
  }
});

it('counts and tells what it did, without who or where', async () => {
  const bus = new InProcessBus();
  closing.push(() => bus.close());
  const events: unknown[] = [];
  bus.subscribe('events.lis.>', (event) => void events.push(event));
  const lis = await start({}, { bus });
  const client = clientOf(lis);
  await client.request(question());
  await client.request(question({ device: caller('nobody') }));
  await expect.poll(() => events.length).toBe(2);
  expect(events).toMatchObject([
    { element: 'lis', result: 'location', byValue: true, byReference: true },
    { element: 'lis', result: 'locationUnknown' },
  ]);
  expect(JSON.stringify(events)).not.toMatch(/40\.4|127\.0|nobody|caller/);
  const metrics = await (await fetch(urlOf(lis, '/metrics'))).text();
  expect(metrics).toMatch(/esinet_held_queries_total\{[^}]*result="locationUnknown"[^}]*\} 1/);
  expect((await fetch(urlOf(lis, '/readyz'))).status).toBe(200);
});

it('gives a location by value when it can give no reference', async () => {
  const store = new MemoryStore({ clock: new ManualClock() });
  store.set = () => Promise.reject(new Error('down'));
  const lis = await start({}, { store });
  const client = clientOf(lis);
  const answer = await client.request(question());
  expect(answer.ok && answer.value.pidfLo).toContain('<presence');
  const exact = await client.request(question({ locationTypes: ['geodetic', 'locationURI'], exact: true }));
  expect(exact).toMatchObject({ ok: false, error: { heldCode: 'generalLisError' } });
});

it('refuses a configuration it would not understand', () => {
  for (const config of [
    { device: [] },
    { thirdParties: ['esrp'] },
    { uriExpires: '2 d' },
    { devices: [{ identifiers: ['ip:1'] }] },
  ]) {
    expect(lisConfigSchema.safeParse(config).success).toBe(false);
  }
  expect(lisConfigSchema.parse(undefined)).toMatchObject({
    http: { port: 15985 },
    uriExpires: 1_800_000,
    devices: [],
  });
});
