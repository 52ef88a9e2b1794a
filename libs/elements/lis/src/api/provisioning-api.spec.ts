import { InProcessBus, RecordsError } from '@esinet/platform';
import { temporaryFolder } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { api, asked, caller, clientOf, closing, question, start } from '../lis-fixture.js';
import type { Provisioning } from '../provisioning.js';
import { operations } from './operations.js';
import { problems } from './problem.js';
import { PROVISIONING } from './tokens.js';

const van = { identifiers: ['uri:sip:van@provider.lab'], shape: { type: 'point', position: [-3, 40] } };
const codeOf = async (response: Response): Promise<unknown> => {
  const body = (await response.json()) as { code: string; status: number };
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(body.status).toBe(response.status);
  return [response.status, body.code];
};

describe('the provisioning interface', () => {
  it('makes, shows, finds, moves and forgets devices', async () => {
    const lis = await start({ devices: [] });
    for (let i = 0; i < 5; i += 1) {
      const device = { ...van, identifiers: [`uri:sip:van${i}@provider.lab`] };
      expect((await api(lis, 'PUT', `/api/devices/van${i}`, device)).status).toBe(201);
    }
    const page = async (query: string): Promise<{ devices: { id: string }[]; next?: string }> =>
      (await (await api(lis, 'GET', `/api/devices${query}`)).json()) as { devices: { id: string }[] };
    const first = await page('?limit=2');
    expect(first.devices.map(({ id }) => id)).toEqual(['van0', 'van1']);
    await api(lis, 'DELETE', '/api/devices/van1');
    const second = await page(`?limit=2&after=${first.next}`);
    expect(second.devices.map(({ id }) => id)).toEqual(['van2', 'van3']);
    const third = await page(`?limit=2&after=${second.next}`);
    expect([third.devices.map(({ id }) => id), third.next]).toEqual([['van4'], undefined]);
    expect((await page('?identifier=uri:SIP:van3@PROVIDER.lab')).devices.map(({ id }) => id)).toEqual([
      'van3',
    ]);
    expect((await page('?identifier=uri:sip:nobody@provider.lab')).devices).toEqual([]);
    expect(await codeOf(await api(lis, 'GET', '/api/devices?limit=0'))).toEqual([400, 'bad-request']);
    expect(await codeOf(await api(lis, 'GET', '/api/devices?what=1'))).toEqual([400, 'bad-request']);

    const moved = { shape: { type: 'circle', center: [1, 2], radius: 3 }, method: 'GPS', confidence: 80 };
    expect((await api(lis, 'PUT', '/api/devices/van3/position', moved)).status).toBe(204);
    expect(await (await api(lis, 'GET', '/api/devices/van3/position')).json()).toMatchObject({
      ...moved,
      confidence: { value: 80 },
    });
    expect((await asked(lis, { device: caller('van3') })).pidfLo).toMatch(/<radius[^>]*>3</);
    expect(await codeOf(await api(lis, 'PUT', '/api/devices/nobody/position', moved))).toEqual([
      404,
      'not-found',
    ]);
    // What is shown can be put again.
    const shown = (await (await api(lis, 'GET', '/api/devices/van3')).json()) as { id?: string };
    delete shown.id;
    expect((await api(lis, 'PUT', '/api/devices/van3', shown)).status).toBe(200);
  });

  it('says by a code what is wrong, and never what was sent', async () => {
    const lis = await start({ devices: [], area: [-10, 35, 5, 45], maxDevices: 1 });
    const put = async (body: unknown, type?: string, id = 'x'): Promise<unknown> =>
      codeOf(await api(lis, 'PUT', `/api/devices/${id}`, body, type));
    expect(await put('{')).toEqual([400, 'bad-request']);
    expect(await put(van, 'text/plain')).toEqual([415, 'unsupported-media-type']);
    const odd = await api(lis, 'PUT', '/api/devices/x', {
      ...van,
      shape: { type: 'point', position: [12.345, 91] },
    });
    expect(await odd.text()).not.toContain('12.345');
    expect(await put({ ...van, shape: { type: 'point', position: [40, -3] } })).toEqual([
      422,
      'outside-area',
    ]);
    const swapped = await api(lis, 'PUT', '/api/devices/x', {
      ...van,
      shape: { type: 'point', position: [40, -3] },
    });
    expect(await swapped.text()).toContain('longitude comes first');
    expect((await api(lis, 'PUT', '/api/devices/x', van)).status).toBe(201);
    expect(await put(van, undefined, 'y')).toEqual([507, 'too-many-devices']);
    expect(await codeOf(await api(lis, 'POST', '/api/devices/x', van))).toEqual([405, 'method-not-allowed']);
    expect(await codeOf(await api(lis, 'GET', '/api/devices/x/y'))).toEqual([404, 'not-found']);
    expect(await codeOf(await api(lis, 'GET', `/api/devices/${'x'.repeat(200)}`))).toEqual([
      404,
      'not-found',
    ]);
    const closed = await start({ provisioners: ['URI:sip:admin.esinet.lab'] });
    for (const [method, path] of [
      ['GET', '/api/devices'],
      ['PUT', '/api/devices/here/position'],
      ['DELETE', '/api/devices/here/location-uris'],
      ['POST', '/api/load'],
    ] as const)
      expect(await codeOf(await api(closed, method, path, method === 'GET' ? undefined : '{}'))).toEqual([
        403,
        'not-allowed',
      ]);
  });

  it('is described by an OpenAPI document, with every operation and problem there is', async () => {
    const lis = await start();
    const document = (await (await api(lis, 'GET', '/api/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, Record<string, { operationId: string; responses: Record<string, unknown> }>>;
      components: { schemas: Record<string, object> };
    };
    expect(document.openapi).toBe('3.1.0');
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g))
      expect(Object.keys(document.components.schemas)).toContain(name);
    for (const { method, path, id, answers } of operations) {
      const described = document.paths[path]?.[method];
      expect(described?.operationId).toBe(id);
      expect(Object.keys(described?.responses ?? {})).toEqual(expect.arrayContaining(Object.keys(answers)));
      // Whatever is described is served.
      const url = path.replaceAll(/\{[a-z]+\}/g, 'nobody');
      const response = await api(
        lis,
        method.toUpperCase(),
        url,
        method === 'put' || method === 'post' ? '{' : undefined,
      );
      expect([200, 400, 404, 415]).toContain(response.status);
      if (path.includes('{')) expect(await response.text()).not.toContain('nothing under this path');
    }
    const page = await api(lis, 'GET', '/api/docs');
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('swagger-ui')]);
    const listed = (await (await api(lis, 'GET', '/api/problems')).json()) as { code: string }[];
    expect(listed.map(({ code }) => code)).toEqual(Object.keys(problems));
  });

  it('tells what was done, without whom or where', async () => {
    const bus = new InProcessBus();
    closing.push(() => bus.close());
    const events: unknown[] = [];
    bus.subscribe('events.lis.provisioned', (event) => void events.push(event));
    const lis = await start({ devices: [] }, { bus });
    await api(lis, 'PUT', '/api/devices/van', van);
    await api(lis, 'PUT', '/api/devices/van/position', { shape: van.shape });
    await api(lis, 'DELETE', '/api/devices/van');
    await expect.poll(() => events.length).toBe(3);
    expect(events).toMatchObject([{ what: 'created' }, { what: 'moved' }, { what: 'deleted' }]);
    for (const event of events)
      expect(Object.keys(event as object).sort()).toEqual(['at', 'devices', 'element', 'what']);
  });
});

describe('devices that are kept', () => {
  const ofVan = async (lis: Awaited<ReturnType<typeof start>>): Promise<unknown> => {
    const answer = await clientOf(lis).request(question({ device: caller('van') }));
    return answer.ok ? answer.value.pidfLo : answer.error.heldCode;
  };

  it('are there after a restart as they were last, and their deletions too', async () => {
    const dataFolder = temporaryFolder();
    const config = { devices: [{ id: 'gone', ...van }], keepDevices: true };
    const first = await start(config, { dataFolder });
    await api(first, 'DELETE', '/api/devices/gone');
    await api(first, 'PUT', '/api/devices/van', { ...van, alternatives: [{ civic: { country: 'ES' } }] });
    await api(first, 'PUT', '/api/devices/van/position', {
      shape: { type: 'point', position: [1.5, 2.5] },
      confidence: { value: 50, pdf: 'rectangular' },
    });
    const lines = Array.from({ length: 2_500 }, (_, i) =>
      JSON.stringify({ id: `d${i}`, identifiers: [`msisdn:34${600_000_000 + i}`], civic: { country: 'ES' } }),
    ).join('\n');
    expect((await api(first, 'POST', '/api/load', lines, 'application/x-ndjson')).status).toBe(200);
    await api(first, 'DELETE', '/api/devices/d7');
    const shown = await (await api(first, 'GET', '/api/devices/van')).json();
    await first.close();
    const second = await start({ ...config, devices: [] }, { dataFolder });
    expect(await ofVan(second)).toContain('2.5 1.5');
    expect(await (await api(second, 'GET', '/api/devices/van')).json()).toEqual(shown);
    expect((await api(second, 'GET', '/api/devices/d7')).status).toBe(404);
    expect(second.get<Provisioning>(PROVISIONING).devices.size).toBe(2_500);
  });

  it('are as they were where they cannot be kept', async () => {
    const refuse = (): Promise<never> => Promise.reject(new RecordsError('full', 'no room'));
    const records = {
      append: refuse,
      put: refuse,
      get: refuse,
      list: async () => [],
      close: async () => undefined,
    };
    const lis = await start({ devices: [{ id: 'van', ...van }], keepDevices: true }, { records });
    const elsewhere = { shape: { type: 'point', position: [9, 9] } };
    const all: [string, string, unknown, string?][] = [
      ['PUT', '/api/devices/van', { ...van, ...elsewhere }],
      ['PUT', '/api/devices/new', { ...van, identifiers: ['msisdn:34600000000'] }],
      ['PUT', '/api/devices/van/position', elsewhere],
      ['DELETE', '/api/devices/van', undefined],
      ['POST', '/api/load', JSON.stringify({ id: 'van', ...van, ...elsewhere }), 'application/x-ndjson'],
    ];
    for (const [method, path, body, type] of all) {
      expect(await codeOf(await api(lis, method, path, body, type))).toEqual([503, 'not-stored']);
      expect(await ofVan(lis)).toContain('40 -3');
    }
    expect((await api(lis, 'GET', '/api/devices/new')).status).toBe(404);
  });
});
