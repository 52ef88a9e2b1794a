import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CheckName, type Examined, checkNames, esinetConfigSchema, examine } from '@esinet/app-esinet';
import { certificateAuthority, freePort } from '@esinet/testing';
import { type Lab, startLab } from '../lab.js';

const faults = (found: readonly Examined[]): string[] =>
  found.filter(({ level }) => level === 'fault').map(({ what }) => what);

describe('a lab that runs', { timeout: 60_000 }, () => {
  let lab: Lab | undefined;
  beforeAll(async () => {
    lab = await startLab();
  }, 120_000);
  afterAll(() => lab?.close());

  it('has no fault in DNS, clocks, message size, LoST and stores, and what is asked changes nothing', async () => {
    const { config } = lab!;
    const before = await readdir(config.data);
    const found = await examine(config, {
      only: ['dns', 'clock', 'size', 'lost', 'stores'],
      timeoutMs: 20_000,
    });
    expect(faults(found)).toEqual([]);
    expect(found.find(({ check }) => check === 'lost')?.what).toContain(
      'gives the right answer for 19 places',
    );
    expect(found.filter(({ check }) => check === 'clock').length).toBeGreaterThan(2);
    expect(await readdir(config.data)).toEqual(before);
  });

  it('has good certificates, and shows them', async () => {
    const found = await examine(lab!.config, { only: ['tls'], timeoutMs: 20_000 });
    expect(faults(found)).toEqual([]);
    const said = found.map(({ what }) => what).join('\n');
    expect(said).toContain('bcf: the certificate fits its key');
    expect(said).toMatch(
      /provider\.bcf\[0\]: esinet\.lab at 127\.0\.0\.1:\d+ speaks TLSv1\.\d, and its certificate is good/,
    );
  });

  it('has its ports in use by itself', async () => {
    const found = await examine(lab!.config, { only: ['addresses'], timeoutMs: 5_000 });
    expect(found.map(({ what }) => what).join('\n')).toMatch(/bcf\.public\.udp: udp 127\.0\.0\.1:\d+/);
  });
});

describe('what is broken', { timeout: 60_000 }, () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'esinet-doctor-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const look = (config: Record<string, unknown>, ...only: CheckName[]) =>
    examine(esinetConfigSchema.parse({ data: folder, ...config }), { only, timeoutMs: 3_000 });

  it('is told of certificates', { meta: { clause: ['RFC 5922 7.1', 'TS 103 698 6.1.1'] } }, async () => {
    const authority = await certificateAuthority();
    const strange = await certificateAuthority('Another');
    const pki = join(folder, 'pki');
    await mkdir(pki);
    const names = ['URI:sip:esinet.lab'];
    const told = async (wish: Partial<Parameters<typeof authority.issue>[0]>, ca = authority.pem) => {
      const tls = await authority.issue({ names, until: 90, ...wish });
      await writeFile(join(pki, 'bcf.cert.pem'), tls.cert);
      await writeFile(join(pki, 'bcf.key.pem'), tls.key);
      await writeFile(join(pki, 'ca.cert.pem'), ca);
      const found = await look({}, 'tls');
      return found
        .filter(({ what }) => what.startsWith('bcf:'))
        .map(({ level, what }) => `${level}: ${what}`)
        .join('\n');
    };
    expect(await told({})).toMatch(/^ok: bcf: the certificate fits its key/);
    expect(await told({ from: -20, until: -2 })).toMatch(/fault: bcf: the certificate expired on/);
    expect(await told({ until: 10 })).toMatch(/warning: bcf: the certificate expires on/);
    expect(await told({ from: 2 })).toMatch(/fault: bcf: the certificate is not valid before/);
    expect(await told({}, strange.pem)).toMatch(/fault: bcf: no authority of ca.cert.pem/);
    expect(await told({ names: ['URI:sip:other.lab'] })).toMatch(
      /warning: bcf: .* speaks for other.lab, not for esinet.lab/,
    );
    const before = await readFile(join(pki, 'bcf.key.pem'), 'utf8');
    await told({});
    await writeFile(join(pki, 'bcf.key.pem'), before);
    expect(faults(await look({}, 'tls')).join('\n')).toContain('is not the key of bcf.cert.pem');
  });

  it('is told of a gap in the boundaries, a folder that cannot be written, nobody at the other end', async () => {
    const square = (x: number, y: number, side: number) => [
      ...[
        [x, y],
        [x + side, y],
        [x + side, y + side],
        [x, y + side],
        [x, y],
      ],
    ];
    const properties = {
      ...{ NGUID: 'a', ServiceURI: 'sip:a@psap.example', ServiceURN: 'urn:service:sos', ServiceNum: '112' },
      ...{ DsplayName: 'A', Agency_ID: 'a.example' },
    };
    const geometry = { type: 'Polygon', coordinates: [square(0, 0, 3), square(1, 1, 1).reverse()] };
    const file = join(folder, 'holed.geojson');
    const features = [{ type: 'Feature', properties, geometry }];
    await writeFile(file, JSON.stringify({ type: 'FeatureCollection', features }));
    expect(faults(await look({ ecrf: { boundaries: [file] } }, 'coverage')).join()).toContain('gap');
    expect(faults(await look({ data: '/proc/esinet' }, 'stores')).join()).toContain(
      'Nothing can be written in /proc',
    );
    const url = `http://127.0.0.1:${await freePort()}/lost`;
    expect(faults(await look({ esrp: { ecrf: { url } } }, 'lost')).join()).toContain(url);
    expect(checkNames).toHaveLength(8);
  });
});
