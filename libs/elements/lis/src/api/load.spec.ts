import { request as httpRequest } from 'node:http';
import type { RunningElement } from '@esinet/platform';
import { describe, expect, it } from 'vitest';
import { api, asked, caller, start } from '../lis-fixture.js';
import type { LoadReport } from './load-devices.js';

const line = (id: string, more: object = {}): string =>
  JSON.stringify({ id, identifiers: [`uri:sip:${id}@provider.lab`], civic: { country: 'ES' }, ...more });

async function load(
  lis: RunningElement,
  body: string,
  query = '',
  type = 'application/x-ndjson',
): Promise<[number, LoadReport & { code?: string }]> {
  const response = await api(lis, 'POST', `/api/load${query}`, body, type);
  return [response.status, (await response.json()) as LoadReport];
}
const sizeOf = async (lis: RunningElement): Promise<number> =>
  ((await (await api(lis, 'GET', '/api/devices?limit=1000')).json()) as { devices: [] }).devices.length;

describe('a load', () => {
  const mixed = [line('a'), '{', line('b', { civic: {} }), '', line('c'), line('a')].join('\n');

  it('is all or nothing, or what can be used of it', async () => {
    const lis = await start({ devices: [] });
    const [status, report] = await load(lis, mixed);
    expect([status, report.code, report.applied, report.total, report.refused]).toEqual([
      422,
      'load-refused',
      false,
      5,
      3,
    ]);
    expect(report.errors).toMatchObject([
      { line: 2, message: 'not JSON' },
      { line: 3, path: 'civic' },
      { line: 6, path: 'id', code: 'identifier-taken', message: 'as in line 1' },
    ]);
    expect(await sizeOf(lis)).toBe(0);
    const [done, partial] = await load(lis, mixed, '?mode=partial');
    expect([done, partial.applied, partial.created, partial.updated, partial.refused]).toEqual([
      200,
      true,
      2,
      0,
      3,
    ]);
    expect(await sizeOf(lis)).toBe(2);
    const [, again] = await load(lis, [line('c'), line('d')].join('\r\n'));
    expect([again.created, again.updated]).toEqual([1, 1]);
  });

  it('takes back what it put when one cannot be put', async () => {
    const lis = await start({
      devices: ['x', 'z'].map((id) => ({
        id,
        identifiers: [`uri:sip:${id}@provider.lab`],
        civic: { country: 'FR' },
      })),
    });
    const taking = line('thief', { identifiers: ['uri:sip:z@provider.lab'] });
    const [status, report] = await load(
      lis,
      [line('x', { civic: { country: 'DE' } }), line('y'), taking].join('\n'),
    );
    expect([status, report.errors]).toEqual([
      422,
      [{ line: 3, code: 'identifier-taken', path: '', message: 'another device has one of the identifiers' }],
    ]);
    expect(await sizeOf(lis)).toBe(2);
    expect((await asked(lis, { device: caller('x') })).pidfLo).toContain('FR');
  });

  it('can be tried without changing anything', async () => {
    const lis = await start({ devices: [], maxDevices: 2 });
    await load(lis, line('a'));
    const [status, report] = await load(lis, [line('a'), line('b')].join('\n'), '?dryRun=true');
    expect([status, report]).toMatchObject([200, { applied: false, dryRun: true, created: 1, updated: 1 }]);
    expect(await sizeOf(lis)).toBe(1);
    expect((await load(lis, mixed, '?dryRun=true'))[0]).toBe(422);
    const [, partial] = await load(lis, [line('b'), line('c')].join('\n'), '?dryRun=true&mode=partial');
    expect(partial).toMatchObject({
      created: 1,
      refused: 1,
      errors: [{ line: 2, code: 'too-many-devices' }],
    });
  });

  it('can be a table', async () => {
    const lis = await start({ devices: [] });
    const table = [
      '\ufeffid,identifiers,lat,lon,radius,civic.country,civic.RD,method,confidence,pdf,shape',
      'a,uri:sip:a@provider.lab msisdn:34600000001,40.4,-3.7,50,ES,"Calle ""Alta"", 3",GPS,80,normal,',
      'b,uri:sip:b@provider.lab,40.5,-3.6,,,,,,,',
      'c,uri:sip:c@provider.lab,,,,ES,"two\nlines",,,,',
      'd,uri:sip:d@provider.lab,,,,,,,,,"{""type"":""ellipse"",""center"":[1,2],""semiMajor"":9,""semiMinor"":4,""orientation"":10}"',
      'e,uri:sip:e@provider.lab,91,0,,,,,,,',
      'f,uri:sip:f@provider.lab,x,0,,,,,,,',
      'g,uri:sip:g@provider.lab',
    ].join('\n');
    const [status, report] = await load(lis, table, '?mode=partial', 'text/csv;charset=utf-8');
    expect([status, report.created]).toEqual([200, 4]);
    expect(report.errors.map(({ line, path }) => [line, path])).toEqual([
      [7, 'shape.position.1'],
      [8, 'shape.position.1'],
      [9, ''],
    ]);
    expect(await (await api(lis, 'GET', '/api/devices/a')).json()).toMatchObject({
      identifiers: ['uri:sip:a@provider.lab', 'msisdn:34600000001'],
      shape: { type: 'circle', center: [-3.7, 40.4], radius: 50 },
      civic: { country: 'ES', RD: 'Calle "Alta", 3' },
      confidence: { value: 80, pdf: 'normal' },
    });
    expect(await (await api(lis, 'GET', '/api/devices/c')).json()).toMatchObject({
      civic: { RD: 'two\nlines' },
    });
    for (const head of ['id,identifiers,latitude', 'id,id', 'a"b'])
      expect((await load(lis, `${head}\nx,y,z\nx,y,z`, '', 'text/csv'))[1].errors).toHaveLength(1);
  });

  it('answers what is no load', async () => {
    const lis = await start({ devices: [], load: { maxBytes: 10_000 } });
    expect((await load(lis, line('a'), '', 'application/json'))[0]).toBe(415);
    expect((await load(lis, line('a'), '?mode=some'))[0]).toBe(400);
    expect((await load(lis, ''))[1]).toMatchObject({ applied: true, total: 0 });
    const latin = Buffer.from(line('a', { civic: { country: 'ES', RD: 'Peña' } }), 'latin1');
    const response = await fetch(`http://127.0.0.1:${lis.http.port}/api/load`, {
      method: 'POST',
      body: latin,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await response.json()).toMatchObject({ code: 'bad-request', detail: 'not UTF-8' });
    const long = `${line('a')}\n`.repeat(1_000);
    const tooLong = await load(lis, long).catch(() => [413]);
    expect(tooLong[0]).toBe(413);
    expect(await sizeOf(lis)).toBe(0);
  });

  it('passes over a device that is too long, and goes on', async () => {
    const lis = await start({ devices: [] });
    const vertices = Array.from({ length: 100_000 }, (_, i) => [i / 1_000 - 50, 40]);
    const huge = line('huge', { shape: { type: 'polygon', rings: [vertices] } });
    const [, report] = await load(lis, [huge, line('b')].join('\n'), '?mode=partial');
    expect(report).toMatchObject({
      created: 1,
      errors: [{ line: 1, message: 'longer than 65536 characters' }],
    });
  });

  it('that breaks off changes nothing, and the next one is read', async () => {
    const lis = await start({ devices: [] });
    await new Promise<void>((resolve) => {
      const request = httpRequest({
        port: lis.http.port,
        host: '127.0.0.1',
        path: '/api/load',
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'content-length': 1_000_000 },
      });
      request.on('error', () => resolve());
      request.write(`${line('a')}\n${line('b')}\n`, () => setTimeout(() => request.destroy(), 50));
    });
    await expect.poll(async () => (await load(lis, line('c')))[0]).toBe(200);
    expect(await sizeOf(lis)).toBe(1);
  });

  it('of many devices lists a thousand of its errors and counts all', async () => {
    const lis = await start({ devices: [] });
    const bad = Array.from({ length: 3_000 }, (_, i) => line(`d${i}`, { civic: { country: '' } })).join('\n');
    const [, report] = await load(lis, bad);
    expect([report.refused, report.errors.length]).toEqual([3_000, 1_000]);
  });
});
