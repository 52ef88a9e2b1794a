import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OutsideProgram, startProgram } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ran, esinet, run as runIn } from './built-program.js';

/** Above the ports of `startLab`, below those the system hands out by itself. */
const offset = 16_000;
let folder: string;
let lab: OutsideProgram;

const run = (...args: string[]): Promise<Ran> => runIn(folder, args);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esinet-cli-'));
  lab = await startProgram(
    process.execPath,
    [esinet, 'up', '--port-offset', String(offset), '--without', 'handover'],
    {
      cwd: folder,
      line: 'Ready',
      readyWithinMs: 30_000,
    },
  );
}, 40_000);
afterAll(async () => {
  await lab.stop(10_000);
  await rm(folder, { recursive: true, force: true });
}, 20_000);

const there = ['--port-offset', String(offset)];

describe('esinet up', () => {
  it('names every address it listens on, the data folder, the boundaries and the next command', () => {
    const banner = lab.output();
    for (const port of [
      15_050, 15_060, 15_061, 15_062, 15_070, 15_075, 15_080, 15_081, 15_090, 15_222, 15_985, 15_085, 8_080,
    ]) {
      expect(banner).toContain(String(port + offset));
    }
    expect(banner).toContain(join(folder, 'data'));
    expect(banner).toContain('19 service areas');
    expect(banner).toContain('Instituto Geográfico Nacional');
    expect(banner).toContain('npx esinet chat');
  });

  it('says in a sentence that a port is taken', async () => {
    const { code, err } = await run(
      'up',
      ...there,
      '--data',
      join(folder, 'second'),
      '--without',
      'handover',
    );
    expect(code).toBe(1);
    expect(err).toMatch(/in use/);
    expect(err).toContain('--port-offset');
    expect(err).not.toMatch(/^\s+at /m);
  });

  it.each(['livez', 'readyz', 'metrics'])('serves /%s on each element', async (what) => {
    for (const port of [15_960, 15_970, 15_090, 15_950, 15_222, 15_985, 8_080]) {
      const answer = await fetch(`http://127.0.0.1:${port + offset}/${what}`);
      expect(answer.status, `${port} ${what}`).toBe(200);
      if (what === 'metrics') expect(await answer.text()).toContain('esinet_');
    }
  });
});

describe('esinet chat', () => {
  it.each([
    ['udp', '40.4168,-3.7038', '112 Madrid'],
    ['tcp', '41.3874,2.1686', '112 Catalunya'],
    ['tls', '40.4168,-3.7038', '112 Madrid'],
    ['ws', '41.3874,2.1686', '112 Catalunya'],
    ['wss', '40.4168,-3.7038', '112 Madrid'],
    ['udp', '40,-20', '112 default'],
  ])(
    'over %s from %s is answered by %s',
    { meta: { clause: ['TS 103 698 6.1.1', 'TS 103 698 6.2.2'] }, timeout: 30_000 },
    async (via, at, centre) => {
      const { code, out, err } = await run('chat', '--at', at, '--via', via, ...there, 'help', 'third floor');
      expect(err + out).toContain(centre);
      expect(out.match(/recorded/g)).toHaveLength(2);
      expect(code).toBe(0);
    },
  );

  it(
    'refuses a TLS caller without a certificate of the lab',
    { meta: { clause: 'TS 103 698 6.1.1' }, timeout: 30_000 },
    async () => {
      const foreign = join(folder, 'foreign');
      expect((await run('pki', 'init', '--data', foreign)).code).toBe(0);
      const { code } = await run(
        'chat',
        '--at',
        '40.4,-3.7',
        '--via',
        'tls',
        '--data',
        foreign,
        ...there,
        'help',
      );
      expect(code).toBe(3);
    },
  );
});

describe('esinet watch', () => {
  const uris = async (): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${15_985 + offset}/held`, {
      method: 'POST',
      headers: { 'content-type': 'application/held+xml' },
      body:
        '<locationRequest xmlns="urn:ietf:params:xml:ns:geopriv:held"><locationType>locationURI</locationType>' +
        '<device xmlns="urn:ietf:params:xml:ns:geopriv:held:id"><uri>sip:caller1@provider.lab</uri></device></locationRequest>',
    });
    return [...(await answer.text()).matchAll(/<locationURI>([^<]+)</g)].map(([, uri = '']) => uri);
  };

  it(
    'tells the place behind each location URI that HELD gives, and of a pres: URI',
    { meta: { clause: ['RFC 3856 6.5', 'RFC 6753 3', 'RFC 6753 4'] }, timeout: 60_000 },
    async () => {
      const [http = '', sip = ''] = await uris();
      expect(sip).toMatch(new RegExp(`^sip:[a-z0-9]{26}@127\\.0\\.0\\.1:${15_085 + offset}$`));
      const token = sip.slice(4, 30);
      for (const uri of [http, sip, `${sip};transport=tcp`, `pres:${token}@lis.esinet.lab`]) {
        const { code, out, err } = await run('watch', uri, '--once', ...there);
        expect([code, err], uri).toEqual([0, '']);
        expect(out).toMatch(/^\d\d:\d\d:\d\d {2}40\.41680,-3\.70380 {2}circle of 50 m {2}as of /);
      }
      const { out } = await run('watch', sip, '--count', '1', '--json');
      expect(JSON.parse(out)).toMatchObject({ shapes: [{ type: 'circle', radius: 50 }] });
    },
  );

  it('says what is wrong', { timeout: 60_000 }, async () => {
    const nobody = await run('watch', `sip:${'a'.repeat(26)}@127.0.0.1:${15_085 + offset}`);
    expect([nobody.code, nobody.err.trim()]).toEqual([
      1,
      'nothing is behind this location URI, or nothing any more.',
    ]);
    expect((await run('watch', 'ftp://127.0.0.1/')).code).toBe(2);
    expect((await run('watch', 'pres:a@b', '--server', 'nowhere')).code).toBe(2);
  });
});

describe('esinet where, send, pki', () => {
  it('explains which centre serves a place', { meta: { clause: 'RFC 5222 8' } }, async () => {
    const { code, out } = await run('where', '41.3874,2.1686', '--explain', ...there);
    expect(code).toBe(0);
    expect(out).toContain('sip:catalunya@psap.esinet.internal');
    expect(out).toContain('urn:esinet:lab:es:09');
  });

  it('tells of a place nobody serves, also south of the equator', async () => {
    expect(await run('where', '40,-20', ...there)).toMatchObject({
      code: 1,
      out: expect.stringContaining('notFound'),
    });
    expect(await run('where', '-33.4,-70.6', ...there)).toMatchObject({
      code: 1,
      out: expect.stringContaining('notFound'),
    });
  });

  it('shows what went over the wire', async () => {
    const { code, out } = await run('send', '--at', '40.4168,-3.7038', ...there, 'help');
    expect(code).toBe(0);
    expect(out).toContain('MESSAGE urn:service:sos SIP/2.0');
    expect(out).toContain('SIP/2.0 200 OK');
  });

  it('prints the boundaries of the lab as GeoJSON that an ECRF loads', async () => {
    const { code, out } = await run('boundaries');
    expect(code).toBe(0);
    const { type, features } = JSON.parse(out) as { type: string; features: { properties: object }[] };
    expect(type).toBe('FeatureCollection');
    expect(features).toHaveLength(19);
    expect(features[0]?.properties).toHaveProperty('ServiceURI');
  });

  it('lists the certificates of the lab', async () => {
    const { code, out } = await run('pki', 'ls');
    expect(code).toBe(0);
    expect(out).toContain('URI:sip:provider.lab');
  });
});

describe('wrong use', () => {
  it('tells a wrong configuration key with line, column and a hint, without a stack', async () => {
    const file = join(folder, 'esinet.yaml');
    await writeFile(
      file,
      'data: d\nlog:\n  level: warn\nbcf:\n  public:\n    udpp: 15060\nesrp:\n  defaultPsp: x\n',
    );
    const { code, err } = await run('up', '--config', 'esinet.yaml');
    await rm(file);
    expect(code).toBe(1);
    expect(err).toMatch(/^esinet\.yaml:6:5 {2}bcf\.public\.udpp: .*did you mean "udp"\?/m);
    expect(err).toMatch(/^esinet\.yaml:8:3 {2}esrp\.defaultPsp: .*did you mean "defaultPsap"\?/m);
    expect(err).not.toMatch(/^\s+at /m);
  });

  it('suggests the command that was meant', async () => {
    const { code, err } = await run('chta');
    expect(code).toBe(2);
    expect(err).toContain('chat');
  });

  it('says that nobody is there', async () => {
    const { code, err } = await run('where', '40.4,-3.7', '--lost', 'http://127.0.0.1:9/lost');
    expect(code).toBe(3);
    expect(err).toContain('npm start');
  });
});
