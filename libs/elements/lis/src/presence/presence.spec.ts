import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { readPidfLo } from '@esinet/location';
import { requireProgram } from '@esinet/testing';
import { describe, expect, it } from 'vitest';
import { filterSet } from './filter-fixture.js';
import { FILTER_TYPE } from './location-filter.js';
import { madrid, presenceLis, watcher } from './presence-fixture.js';
import { tokenOf } from './presence-package.js';

const at = (lat: number, lon = -3.7038): object => ({
  shape: { type: 'circle', center: [lon, lat], radius: 30 },
});
const centres = (documents: readonly string[]): (readonly number[] | undefined)[] =>
  documents.map((text) => {
    const read = readPidfLo(Buffer.from(text));
    const shape = read.ok ? read.value.shapes[0] : undefined;
    return shape?.type === 'circle' ? shape.center : undefined;
  });

describe('who holds a location URI', () => {
  it(
    'is told where it leads to, and where it goes from there',
    { meta: { clause: ['RFC 3856 6.5', 'RFC 3856 6.7', 'RFC 3856 6.10', 'RFC 6753 4'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token());
      await world.clock.run(50, 1);
      const [first] = psap.notifies;
      expect(first?.notify.header('Content-Type')).toBe('application/pidf+xml');
      expect(first?.notify.header('Event')).toBe('presence');
      expect(first?.state).toMatchObject({ state: 'active', rates: {} });
      const read = readPidfLo(first?.notify.body ?? Buffer.alloc(0));
      expect(read).toMatchObject({
        ok: true,
        value: { entity: 'pres:somebody@lis.esinet.lab', shapes: [madrid] },
      });
      world.put(at(40.5));
      world.put(at(40.6));
      await world.clock.run(4_900, 100);
      // RFC 3856 6.10: once in five seconds.
      expect(psap.notifies.length).toBe(1);
      await world.clock.run(200, 10);
      expect(centres(psap.documents)).toEqual([
        [-3.7038, 40.4168],
        [-3.7038, 40.6],
      ]);
    },
  );

  it(
    'may subscribe by pres: and sip: URIs alike',
    { meta: { clause: ['RFC 3856 5', 'RFC 6753 4.1'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const token = await world.token();
      const psap = watcher(world);
      for (const uri of [
        `pres:${token}@lis.esinet.lab`,
        `sip:${token}@192.0.2.85:5060`,
        `sips:${token}@lis.example`,
      ]) {
        expect((await psap.ask(uri)).status, uri).toBe(200);
      }
    },
  );

  it(
    'learns it from HELD where the LIS offers it',
    { meta: { clause: ['RFC 5985 6.5.1', 'RFC 6753 4'] } },
    () => {
      expect(presenceLis().server.uris('abc')).toEqual(['sip:abc@192.0.2.85:5060']);
      expect(presenceLis({ uris: ['pres', 'sip'] }).server.uris('abc')).toEqual([
        'pres:abc@lis.esinet.lab',
        'sip:abc@192.0.2.85:5060',
      ]);
      expect(presenceLis({}, { transport: 'tcp' }).server.uris('abc')).toEqual([
        'sip:abc@192.0.2.85:5060;transport=tcp',
      ]);
      expect(presenceLis({ uris: [] }).server.uris('abc')).toEqual([]);
    },
  );

  it(
    'sets the pace by max-rate and min-rate',
    { meta: { clause: ['RFC 6447 3.6', 'RFC 6446 5.2', 'RFC 6446 6.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token(), { event: 'presence;max-rate=1;min-rate=0.05' });
      await world.clock.run(50, 1);
      expect(psap.notifies[0]?.state.rates).toEqual({ max: 1, min: 0.05 });
      for (let i = 1; i <= 100; i++) {
        world.put(at(40 + i / 100));
        await world.clock.run(100, 50);
      }
      expect(psap.notifies.length).toBeGreaterThanOrEqual(10);
      expect(psap.notifies.length).toBeLessThanOrEqual(12);
      const before = psap.notifies.length;
      await world.clock.run(62_000, 500);
      expect(psap.notifies.length - before).toBeGreaterThanOrEqual(3);
      expect(psap.notifies.length - before).toBeLessThanOrEqual(4);
      expect(centres(psap.documents).at(-1)).toEqual([-3.7038, 41]);
    },
  );

  it(
    'fetches with Expires 0, and nothing is left of it',
    { meta: { clause: ['RFC 6665 4.4.3', 'RFC 3856 6.6'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token(), { expires: 0 });
      await world.clock.run(100, 1);
      expect([psap.states, centres(psap.documents)]).toEqual([['terminated timeout'], [[-3.7038, 40.4168]]]);
      expect(world.server.notifier.size).toBe(0);
      world.put(at(41));
      await world.clock.run(20_000, 100);
      expect(psap.notifies.length).toBe(1);
    },
  );
});

describe('unknown, lapsed, used up, revoked, nothing known: alike', () => {
  it(
    '404 with the same header lines',
    { meta: { clause: ['RFC 6753 3.3', 'RFC 3856 9', 'RFC 6665 6.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      world.put({ shape: madrid }, 'gone');
      world.put({ shape: madrid, ttl: 60 }, 'stale');
      const psap = watcher(world);
      const lapsed = await world.token({ ttlMs: 1_000 });
      const usedUp = await world.token({ uses: 1 });
      expect((await psap.ask(`sip:${usedUp}@192.0.2.85`, { expires: '0' })).status).toBe(200);
      const gone = await world.token({ id: 'gone' });
      world.lis.devices.delete('gone');
      const void_ = await world.token();
      await world.clock.run(2_000, 100);
      world.lis.devices.revokeBefore('car', world.clock.wall());
      const answers: string[] = [];
      for (const token of [
        lapsed,
        usedUp,
        gone,
        void_,
        'a'.repeat(26),
        'x',
        'A'.repeat(26),
        'a'.repeat(500),
      ]) {
        const answer = await psap.ask(`sip:${token}@192.0.2.85`);
        expect(answer.status).toBe(404);
        answers.push(
          answer.headers
            .filter(({ name }) => !['via', 'from', 'to', 'call-id', 'cseq'].includes(name.toLowerCase()))
            .map(({ name, value }) => `${name}: ${value}`)
            .join('\n'),
        );
      }
      for (const uri of ['sip:192.0.2.85', 'pres:nobody@lis.esinet.lab', 'sip:%61@192.0.2.85']) {
        expect((await psap.ask(uri)).status, uri).toBe(404);
      }
      expect(new Set(answers).size).toBe(1);
      expect(world.server.notifier.size).toBe(0);
    },
  );

  it('reads tokens only where they stand', { meta: { clause: 'RFC 6753 4' } }, () => {
    const token = 'abcdefghij0123456789';
    expect(tokenOf(`pres:${token}@lab.example`)).toBe(token);
    expect(tokenOf(`sip:${token}@[2001:db8::1]:5060;transport=tcp`)).toBe(token);
    for (const uri of [
      `pres:${token}`,
      `pres:${token}@`,
      `http://x/${token}`,
      `sip:lab@${token}`,
      `sip:${token}:pw`,
      '',
      'sip:',
    ]) {
      expect(tokenOf(uri), uri).toBeUndefined();
    }
  });
});

describe('a subscription ends', () => {
  it(
    'with its location URI',
    { meta: { clause: ['RFC 5985 6.5.2', 'RFC 6665 4.2.1.1', 'RFC 6665 4.2.1.4'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token({ ttlMs: 90_000 }), { expires: 600 });
      await world.clock.run(50, 1);
      expect(psap.notifies[0]?.state.expires).toBeLessThanOrEqual(90);
      await world.clock.run(100_000, 500);
      // The watcher's refresh gets what is left, then it is over.
      expect(psap.states.at(-1)).toMatch(/^terminated/);
      expect(world.server.notifier.size).toBe(0);
    },
  );

  it(
    'with noresource when it is revoked or the device is gone, without a location',
    { meta: { clause: ['RFC 6665 4.1.3', 'RFC 7199 3.1', 'RFC 3856 6.7'] } },
    async () => {
      for (const end of [
        (world: ReturnType<typeof presenceLis>) =>
          world.lis.devices.revokeBefore('car', world.clock.wall() + 1),
        (world: ReturnType<typeof presenceLis>) => void world.lis.devices.delete('car'),
        (world: ReturnType<typeof presenceLis>) => void world.lis.references.revokeAll('car'),
      ]) {
        const world = presenceLis();
        world.put();
        const psap = watcher(world);
        psap.watch(await world.token());
        await world.clock.run(2_000, 10);
        end(world);
        await world.clock.run(2_000, 10);
        expect(psap.states).toEqual(['active', 'terminated noresource']);
        expect(psap.notifies[1]?.notify.body.length).toBe(0);
        expect(world.server.notifier.size).toBe(0);
      }
    },
  );

  it(
    'with noresource when a policy gives nothing to anybody any more',
    { meta: { clause: ['RFC 7199 3.1', 'RFC 3856 6.6.2', 'RFC 6665 4.1.3'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      const made = await world.lis.references.create(
        { device: 'car', entity: 'pres:x@lis.esinet.lab' },
        { ttlMs: 600_000, policy: true },
      );
      const token = made?.token ?? '';
      psap.watch(token);
      await world.clock.run(2_000, 10);
      await world.lis.references.setPolicy(token, null);
      await world.clock.run(2_000, 10);
      expect(psap.states).toEqual(['active', 'terminated noresource']);
      expect((await psap.ask(`sip:${token}@192.0.2.85`)).status).toBe(404);
    },
  );

  it(
    'with noresource when the uses of its URI are used up',
    { meta: { clause: ['RFC 6753 4', 'RFC 6665 4.1.3'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token({ uses: 2 }));
      for (const lat of [41, 42, 43]) {
        await world.clock.run(6_000, 100);
        world.put(at(lat));
      }
      await world.clock.run(6_000, 100);
      expect([psap.states, centres(psap.documents)]).toEqual([
        ['active', 'active', 'terminated noresource'],
        [[-3.7038, 40.4168], [-3.7038, 41], undefined],
      ]);
    },
  );

  it(
    'with a word that it may come back when the LIS stops',
    { meta: { clause: ['RFC 6665 4.1.3', 'RFC 6665 4.4.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token());
      await world.clock.run(50, 1);
      const closed = world.server.close();
      await world.clock.run(2_000, 10);
      await closed;
      expect(psap.notifies.at(-1)?.state).toMatchObject({
        state: 'terminated',
        reason: 'probation',
        retryAfter: 5,
      });
    },
  );

  it(
    'not when a place lapses: it says that nothing is known, and where the next one is',
    { meta: { clause: ['RFC 6665 5.4.7', 'RFC 3856 6.8'] } },
    async () => {
      const world = presenceLis();
      world.put({ shape: madrid, ttl: 60 });
      const psap = watcher(world);
      psap.watch(await world.token());
      await world.clock.run(70_000, 100);
      expect([psap.states, psap.documents[1]]).toEqual([['active', 'active'], '']);
      world.put(at(41));
      await world.clock.run(6_000, 100);
      expect(centres(psap.documents)).toEqual([[-3.7038, 40.4168], undefined, [-3.7038, 41]]);
    },
  );
});

describe('filters', () => {
  const body = (text: string) => ({ body: { type: FILTER_TYPE, content: text } });

  it(
    'leave out what nobody wants to know',
    { meta: { clause: ['RFC 6447 3.1', 'RFC 3856 6.3', 'RFC 4660 4.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      const token = await world.token();
      psap.watch(
        token,
        body(
          filterSet('<trigger><lf:moved>1000</lf:moved></trigger>', {
            filter: ` uri="pres:${token}@lis.esinet.lab"`,
          }),
        ),
      );
      await world.clock.run(50, 1);
      for (const lat of [40.417, 40.42, 40.43, 40.431, 40.45]) {
        world.put(at(lat));
        await world.clock.run(6_000, 100);
      }
      expect(centres(psap.documents).map((c) => c?.[1])).toEqual([40.4168, 40.43, 40.45]);
    },
  );

  it(
    'and min-rate together: what has not moved is told now and then',
    { meta: { clause: ['RFC 6447 3.6', 'RFC 6446 3.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const psap = watcher(world);
      psap.watch(await world.token(), {
        event: 'presence;min-rate=0.1',
        ...body(filterSet('<trigger><lf:moved>1000</lf:moved></trigger>')),
      });
      await world.clock.run(50, 1);
      world.put(at(40.417));
      await world.clock.run(11_000, 100);
      expect(centres(psap.documents).map((c) => c?.[1])).toEqual([40.4168, 40.417]);
    },
  );

  it('say when somebody enters and leaves', { meta: { clause: 'RFC 6447 3.4' } }, async () => {
    const world = presenceLis();
    world.put();
    const psap = watcher(world);
    const region =
      '<lf:enterOrExit><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>40.5 -3.7038</gml:pos><gs:radius uom="urn:ogc:def:uom:EPSG::9001">1000</gs:radius></gs:Circle></lf:enterOrExit>';
    psap.watch(await world.token(), body(filterSet(`<trigger>${region}</trigger>`)));
    await world.clock.run(50, 1);
    for (const lat of [40.45, 40.5, 40.501, 40.52, 40.6]) {
      world.put(at(lat));
      await world.clock.run(6_000, 100);
    }
    expect(centres(psap.documents).map((c) => c?.[1])).toEqual([40.4168, 40.5, 40.52]);
  });

  it('choose the form of the location', { meta: { clause: 'RFC 6447 3.5' } }, async () => {
    const world = presenceLis();
    world.put({ shape: madrid, civic: { country: 'ES', A1: 'Madrid' } });
    const psap = watcher(world);
    psap.watch(
      await world.token(),
      body(filterSet('<what><lf:locationType exact="true">civic</lf:locationType></what>')),
    );
    await world.clock.run(50, 1);
    const read = readPidfLo(psap.notifies[0]?.notify.body ?? Buffer.alloc(0));
    expect(read).toMatchObject({
      ok: true,
      value: { shapes: [], civics: [{ elements: [{ value: 'ES' }, { value: 'Madrid' }] }] },
    });
    world.put({ shape: madrid });
    await world.clock.run(6_000, 100);
    expect(psap.documents[1]).toBe('');
  });

  it.each([
    ['of another type', 'text/plain', 'x', 415],
    ['broken', FILTER_TYPE, '<filter-set', 400],
    [
      'for speed, which is not known',
      FILTER_TYPE,
      filterSet('<trigger><changed by="3">//dyn:speed</changed></trigger>'),
      488,
    ],
    ['of another resource', FILTER_TYPE, filterSet('', { filter: ' uri="sip:somebody@example.com"' }), 488],
    ['beyond the limit', FILTER_TYPE, filterSet(`<!--${'x'.repeat(17_000)}-->`), 413],
    [
      'of 100,000 regions',
      FILTER_TYPE,
      filterSet('<trigger><lf:enterOrExit/></trigger>'.repeat(100_000)),
      513,
    ],
  ])(
    '%s are refused before anything is looked up',
    { meta: { clause: ['RFC 4660 4.3', 'RFC 6447 5', 'RFC 3261 8.2.3'] } },
    async (_, contentType, content, status) => {
      const world = presenceLis();
      world.put();
      const token = await world.token({ uses: 1 });
      const psap = watcher(world);
      const answer = await psap.ask(`sip:${token}@192.0.2.85`, { body: content, contentType });
      expect(answer.status).toBe(status);
      if (status === 415) expect(answer.header('Accept')).toBe(FILTER_TYPE);
      // The one use is still there.
      expect((await psap.ask(`sip:${token}@192.0.2.85`)).status).toBe(200);
    },
  );
});

describe('asked for more than it gives', () => {
  it(
    '406, 489, 423, 420, 405, 416',
    { meta: { clause: ['RFC 6665 4.1.2.1', 'RFC 3856 6.5', 'RFC 6665 4.2.1.1', 'RFC 3261 8.2'] } },
    async () => {
      const world = presenceLis();
      world.put();
      const token = await world.token();
      const uri = `sip:${token}@192.0.2.85`;
      const psap = watcher(world);
      const status = async (more: Parameters<typeof psap.ask>[1]): Promise<number> =>
        (await psap.ask(uri, more)).status;
      expect(await status({ headers: [['Accept', 'application/cpim-pidf+xml']] })).toBe(406);
      expect(await status({ headers: [['Accept', 'text/html, application/*;q=0.1']] })).toBe(200);
      expect(await status({ event: 'presence.winfo' })).toBe(489);
      expect(await status({ expires: '10' })).toBe(423);
      expect(await status({ headers: [['Require', 'eventlist']] })).toBe(420);
      expect(await status({ method: 'MESSAGE' })).toBe(405);
      expect((await psap.ask(uri.replace('sip:', 'http:'))).status).toBe(416);
      // What is left of the location URI, whatever is asked for.
      const left = Number((await psap.ask(uri, { expires: '4294967296' })).header('Expires'));
      expect(left).toBeGreaterThan(1_790);
      expect(left).toBeLessThanOrEqual(1_800);
    },
  );

  it(
    'more watchers of one URI than it may have, and more than the LIS takes: 480',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 3261 21.4.18'] } },
    async () => {
      const world = presenceLis({ perUri: 2, maxSubscriptions: 3 });
      world.put();
      world.put({ shape: madrid }, 'other');
      const psap = watcher(world);
      const [one, other] = [await world.token(), await world.token({ id: 'other' })];
      for (const token of [one, one, one, other, other]) {
        psap.watch(token);
        await world.clock.run(50, 1);
      }
      expect(psap.states).toEqual(['active', 'active', 'active']);
      expect(psap.ends).toEqual(['{"why":"refused","status":480}', '{"why":"refused","status":480}']);
    },
  );
});

describe('by the thousand', () => {
  it(
    '400 watchers of 100 places that all move are told',
    { meta: { clause: 'RFC 6665 6.3' }, timeout: 30_000 },
    async () => {
      const world = presenceLis();
      const psap = watcher(world);
      for (let i = 0; i < 100; i++) {
        world.put(at(40), `car${i}`);
        const token = await world.token({ id: `car${i}` });
        for (let k = 0; k < 4; k++) psap.watch(token, { expires: 3_600 });
        await world.clock.run(2, 1);
      }
      await world.clock.run(2_000, 50);
      expect(psap.notifies.length).toBe(400);
      await world.clock.run(6_000, 100);
      for (let i = 0; i < 100; i++) world.put(at(41), `car${i}`);
      await world.clock.run(3_000, 10);
      expect(psap.notifies.length).toBe(800);
      expect(new Set(centres(psap.documents.slice(400)).map((c) => c?.[1]))).toEqual(new Set([41]));
    },
  );
});

const schemas = resolve(import.meta.dirname, '../../../../../../shared/specs/schemas/pidf-lo');
const xmllint = requireProgram('xmllint');

describe('what is sent', () => {
  xmllint.it.skipIf(!existsSync(schemas))(
    'is valid against the schemas of PIDF-LO, in whatever form it was asked for',
    { meta: { clause: ['RFC 3863 4', 'RFC 4119 2', 'RFC 3856 6.5'] } },
    async () => {
      const world = presenceLis();
      world.put({ shape: madrid, civic: { country: 'ES', A1: 'Madrid' } });
      const psap = watcher(world);
      const token = await world.token();
      for (const types of ['any', 'civic', 'geodetic', 'civic geodetic']) {
        const content = filterSet(`<what><lf:locationType>${types}</lf:locationType></what>`);
        psap.watch(token, { expires: 0, body: { type: FILTER_TYPE, content } });
      }
      psap.watch(token, {
        expires: 600,
        body: {
          type: FILTER_TYPE,
          content: filterSet('<what><lf:locationType exact="true">civic</lf:locationType></what>'),
        },
      });
      await world.clock.run(100, 1);
      const documents = psap.documents.filter((text) => text !== '');
      expect(documents.length).toBeGreaterThanOrEqual(4);
      const folder = await mkdtemp(join(tmpdir(), 'esinet-presence-'));
      try {
        for (const [i, text] of documents.entries()) {
          const file = join(folder, `${i}.xml`);
          await writeFile(file, text);
          await promisify(execFile)(xmllint.path, [
            '--noout',
            '--nonet',
            '--schema',
            join(schemas, 'gcs-pidflo.xsd'),
            file,
          ]);
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
});
