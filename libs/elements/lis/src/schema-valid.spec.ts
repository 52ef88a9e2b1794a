import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { programPath, temporaryFolder } from '@esinet/testing';
import { HELD_ERROR_CODES, writeHeldAnswer, writeHeldRequest } from '@esinet/held';
import { expect, it } from 'vitest';
import { caller, post, question, reference, start, urlOf } from './lis-fixture.js';

const schemas = resolve(import.meta.dirname, '../../../../../shared/specs/schemas');
const missing = !existsSync(schemas)
  ? 'schemas not beside the repository'
  : programPath('xmllint')
    ? ''
    : 'xmllint not installed';

const places: Record<string, object> = {
  point: { shape: { type: 'point', position: [2, 41] } },
  circle: {
    shape: { type: 'circle', center: [2, 41], radius: 50 },
    confidence: { value: 67, pdf: 'normal' },
  },
  ellipse: {
    shape: { type: 'ellipse', center: [2, 41], semiMajor: 50, semiMinor: 20, orientation: 30 },
    confidence: 'unknown',
  },
  arcband: {
    shape: {
      type: 'arcband',
      center: [2, 41],
      innerRadius: 10,
      outerRadius: 20,
      startAngle: 10,
      openingAngle: 40,
    },
    providedBy: 'https://provider.example/?a&b',
    retransmissionAllowed: true,
  },
  polygon: {
    shape: {
      type: 'polygon',
      rings: [
        [
          [2, 41],
          [3, 41],
          [3, 42],
          [2, 41],
        ],
      ],
    },
  },
  civic: { civic: { country: 'ES', A1: 'Madrid', RD: 'Peña & <Hijos>', HNO: '3' } },
  extended: {
    civic: { country: 'ES', HNO: '3', '{urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr:ext}MP': '4' },
  },
  both: { shape: { type: 'circle', center: [2, 41], radius: 5 }, civic: { country: 'ES' } },
  several: {
    shape: { type: 'circle', center: [2, 41], radius: 5 },
    civic: { HNO: '4', FLR: '2' },
    alternatives: [{ shape: { type: 'circle', center: [2, 41], radius: 900 } }, { civic: { country: 'ES' } }],
  },
};

it.skipIf(missing !== '')(
  `every answer is valid by the schemas of HELD, PIDF, GML and civic addresses ${missing && `(skipped: ${missing})`}`,
  {
    meta: {
      clause: ['RFC 5985 7', 'RFC 6155 5', 'RFC 4119 2.2.5', 'RFC 5491 5.2', 'RFC 5139 4', 'RFC 7459 7'],
    },
    timeout: 120_000,
  },
  async () => {
    const folder = temporaryFolder();
    // HELD holds any other namespace: with all schemas in one, what is inside is looked at too.
    const whole = join(folder, 'all.xsd');
    const held = ['base', 'id'].map((name) => join(schemas, `held/held-${name}.xsd`));
    const pidf = readFileSync(join(schemas, 'pidf-lo/gcs-pidflo.xsd'), 'utf8');
    const imports = [
      ...[...pidf.matchAll(/namespace="([^"]+)"\s+schemaLocation="([^"]+)"/g)].map(([, ns, file]) => [
        ns,
        join(schemas, 'pidf-lo', file ?? ''),
      ]),
      ['urn:ietf:params:xml:ns:geopriv:held', held[0]],
      ['urn:ietf:params:xml:ns:geopriv:held:id', held[1]],
    ];
    expect(imports.length).toBeGreaterThan(8);
    writeFileSync(
      whole,
      `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x-esinet:all">${imports
        .map(([ns, file]) => `<xs:import namespace="${ns}" schemaLocation="${file}"/>`)
        .join('')}</xs:schema>`,
    );
    const lis = await start({
      devices: Object.entries(places).map(([name, place]) => ({
        id: name,
        identifiers: [`uri:sip:${name}@provider.lab`],
        ...place,
      })),
      routing: { default: 'sip:default@psap.lab' },
      providedBy: 'https://lis.example/us',
    });
    const documents: Record<string, string> = {};
    for (const name of Object.keys(places)) {
      const request = writeHeldRequest(question({ device: caller(name), routing: 'urn:service:sos' }));
      documents[`${name}-request`] = request;
      documents[name] = await (await post(urlOf(lis), request)).text();
      const { uri } = await reference(lis, { device: caller(name) });
      documents[`${name}-held`] = await (await fetch(uri)).text();
      documents[`${name}-pidf`] = await (
        await fetch(uri, { headers: { accept: 'application/pidf+xml' } })
      ).text();
      documents[`${name}-post`] = await (
        await post(uri, writeHeldRequest(question({ responseTime: 100 })))
      ).text();
    }
    for (const body of [
      'oops',
      '<a/>',
      writeHeldRequest(question({ device: caller('nobody') })),
      writeHeldRequest(question()),
    ])
      documents[`error-${Object.keys(documents).length}`] = await (await post(urlOf(lis), body)).text();
    for (const code of HELD_ERROR_CODES)
      documents[code] = writeHeldAnswer({
        type: 'error',
        code,
        message: 'why',
        requiredIdentifiers: ['ip', 'mac'],
      });
    const files = Object.entries(documents).map(([name, text]) => {
      const file = join(folder, `${name}.xml`);
      writeFileSync(file, text);
      return file;
    });
    // Ends with 3 and the reasons on stderr where one is invalid; execFileSync makes that an error.
    execFileSync('xmllint', ['--noout', '--nonet', '--schema', whole, ...files], { stdio: 'pipe' });
    const broken = join(folder, 'broken.xml');
    writeFileSync(
      broken,
      (documents['circle'] ?? '').replace('<gs:radius', '<gs:radios').replace('</gs:radius', '</gs:radios'),
    );
    expect(() =>
      execFileSync('xmllint', ['--noout', '--nonet', '--schema', whole, broken], { stdio: 'pipe' }),
    ).toThrow();
  },
);
