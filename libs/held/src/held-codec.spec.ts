import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readPidfLo, writePidfLo } from '@esinet/location';
import { describe, expect, it } from 'vitest';
import { canonicalAddress, identityKey } from './device-identity.js';
import { HELD_ERROR_CODES } from './held-error.js';
import {
  HELD_FLOW_NS,
  HELD_ID_NS,
  HELD_NS,
  HELD_POLICY_NS,
  HELD_REFERENCE_NS,
  HELD_ROUTING_NS,
  type HeldAnswer,
  type LocationRequest,
} from './messages.js';
import { readHeldAnswer, readHeldRequest } from './read.js';
import { writeHeldAnswer, writeHeldRequest } from './write.js';

function request(inside = '', attributes = ''): string {
  return `<locationRequest xmlns="${HELD_NS}" ${attributes}>${inside}</locationRequest>`;
}

const device = (inside: string): string => `<device xmlns="${HELD_ID_NS}">${inside}</device>`;

function codeOf(text: string): string {
  const read = readHeldRequest(text);
  return read.ok ? 'ok' : read.error.code;
}

const pidfLo = writePidfLo({
  entity: 'pres:abc@lis.example',
  shape: { type: 'circle', center: [-3.7, 40.4], radius: 30 },
  civic: { elements: [{ name: 'country', value: 'ES' }] },
  timestamp: '2026-01-01T00:00:00Z',
  retentionExpiry: '2026-01-02T00:00:00Z',
});

describe('requests', () => {
  it('come back as they were written', { meta: { clause: ['RFC 5985 5.1', 'RFC 6155 2.2'] } }, () => {
    const requests: LocationRequest[] = [
      { type: 'locationRequest', locationTypes: ['any'], exact: false, device: [] },
      {
        type: 'locationRequest',
        responseTime: 2_500,
        locationTypes: ['civic', 'geodetic', 'locationURI'],
        exact: true,
        device: [
          { kind: 'ip', value: '2001:db8::1', version: '6' },
          { kind: 'mac', value: 'A0-12-34-56-78-90' },
          { kind: 'udpport', value: '51393' },
          { kind: 'uri', value: 'sip:a&b@example.org' },
        ],
      },
      {
        type: 'locationRequest',
        responseTime: 'emergencyDispatch',
        locationTypes: ['geodetic'],
        exact: false,
        device: [{ kind: 'msisdn', value: '34600000000' }],
      },
      {
        type: 'locationRequest',
        locationTypes: ['locationURI'],
        exact: true,
        device: [],
        flow: { address: '2001:db8::1', port: 1_024, transport: 'tcp' },
        policyUri: true,
        routing: 'urn:service:sos.fire',
        reference: { expires: 3_600_000, uses: 3, snapshot: true },
      },
    ];
    for (const r of requests) expect(readHeldRequest(writeHeldRequest(r))).toEqual({ ok: true, value: r });
  });

  it(
    'without a location type ask for any, and exact means nothing then',
    { meta: { clause: ['RFC 5985 6.2', 'RFC 5985 6.2.1'] } },
    () => {
      const any = { ok: true, value: { locationTypes: ['any'], exact: false } };
      expect(readHeldRequest(request())).toMatchObject(any);
      expect(readHeldRequest(request('<locationType exact="true">any</locationType>'))).toMatchObject(any);
      expect(
        readHeldRequest(request('<locationType exact="true"> civic\n geodetic civic </locationType>')),
      ).toMatchObject({
        value: { locationTypes: ['civic', 'geodetic'], exact: true },
      });
    },
  );

  it(
    'may ask for routes, a policy and a kind of reference',
    { meta: { clause: ['RFC 7840 4', 'RFC 7199 4.1', 'RFC 5985 5.1'] } },
    () => {
      const wanted = (inside: string): Partial<LocationRequest> => {
        const read = readHeldRequest(request(inside));
        if (!read.ok) throw new Error(read.error.code);
        return read.value;
      };
      const routing = (attributes: string): string | undefined =>
        wanted(`<requestRoutingInformation xmlns="${HELD_ROUTING_NS}" ${attributes}/>`).routing;
      expect(routing('')).toBe('urn:service:sos');
      expect(routing('service=" urn:service:sos.police "')).toBe('urn:service:sos.police');
      expect(routing('service="tel:112"')).toBe('urn:service:sos');
      expect(routing(`service="urn:service:${'a'.repeat(300)}"`)).toBe('urn:service:sos');
      expect(wanted('').routing).toBeUndefined();
      expect(wanted(`<requestPolicyUri xmlns="${HELD_POLICY_NS}"/>`).policyUri).toBe(true);
      expect(wanted('<requestPolicyUri xmlns="urn:x"/>').policyUri).toBeUndefined();
      const reference = (attributes: string): unknown =>
        wanted(`<reference xmlns="${HELD_REFERENCE_NS}" ${attributes}/>`).reference;
      expect(reference('expires="60" uses="1" snapshot="1"')).toEqual({
        expires: 60_000,
        uses: 1,
        snapshot: true,
      });
      // A wish never fails a request.
      expect(reference('expires="-1" uses="0" snapshot="so"')).toEqual({});
      expect(reference(`expires="${'9'.repeat(12)}"`)).toEqual({ expires: 2_147_483_647_000 });
    },
  );

  it('may name a device by a flow', { meta: { clause: 'RFC 6915 3' } }, () => {
    const end = (name: string, address: string, port: string): string =>
      `<${name}><address>${address}</address><port>${port}</port></${name}>`;
    const ends = end('src', '192.0.2.12', '1024') + end('dst', '192.0.2.195', '80');
    const flow = (attributes: string, inside = ends): string =>
      request(`<flow xmlns="${HELD_FLOW_NS}" ${attributes}>${inside}</flow>`);
    const read = (text: string): unknown => {
      const result = readHeldRequest(text);
      return result.ok ? result.value.flow : result.error.code;
    };
    expect(read(flow('layer4="tcp" layer3="ipv4"'))).toEqual({
      address: '192.0.2.12',
      port: 1_024,
      transport: 'tcp',
    });
    expect(read(flow('layer4="17" layer3="ipv4" target="dst"'))).toEqual({
      address: '192.0.2.195',
      port: 80,
      transport: 'udp',
    });
    expect(read(flow('layer4="50" layer3="ipv4"'))).toMatchObject({ transport: 50 });
    for (const bad of [
      flow('layer4="tcp"'),
      flow('layer3="ipv4"'),
      flow('layer3="ipv6" layer4="tcp"'),
      flow('layer3="ipv4" layer4="tcp" target="both"'),
      flow('layer3="ipv4" layer4="tcp"', end('src', '192.0.2.12', '1')),
      flow('layer3="ipv4" layer4="tcp"', end('src', '192.0.2.12', '0') + end('dst', '192.0.2.1', '1')),
      flow('layer3="ipv4" layer4="256"'),
    ])
      expect(read(bad)).toBe('badIdentifier');
  });

  it('may hold what nobody here understands', { meta: { clause: 'RFC 5985 5.1' } }, () => {
    expect(codeOf(request('<x xmlns="urn:x"><y/></x>', 'z="1"'))).toBe('ok');
    expect(readHeldRequest(request(device('<x xmlns="urn:x">1</x><ip v="4">192.0.2.5</ip>')))).toMatchObject({
      value: {
        device: [
          { kind: 'other', value: 'x' },
          { kind: 'ip', value: '192.0.2.5' },
        ],
      },
    });
  });

  it.each([
    ['no XML', 'hello', 'xmlError'],
    ['nothing', '', 'xmlError'],
    ['an open end', request().slice(0, -2), 'xmlError'],
    ['a document type', `<!DOCTYPE a>${request()}`, 'xmlError'],
    ['another namespace', request().replace(HELD_NS, 'urn:x'), 'unsupportedMessage'],
    ['no namespace', '<locationRequest/>', 'unsupportedMessage'],
    ['another message', `<createContext xmlns="${HELD_NS}"/>`, 'unsupportedMessage'],
    ['an answer', `<locationResponse xmlns="${HELD_NS}"/>`, 'unsupportedMessage'],
    ['a negative time', request('', 'responseTime="-1"'), 'xmlError'],
    ['a time in words', request('', 'responseTime="soon"'), 'xmlError'],
    ['an endless time', request('', `responseTime="${'9'.repeat(5_000)}"`), 'xmlError'],
    ['an unknown type', request('<locationType>orbit</locationType>'), 'xmlError'],
    ['no type', request('<locationType/>'), 'xmlError'],
    ['exact of neither value', request('<locationType exact="so">civic</locationType>'), 'xmlError'],
    ['no IP address', request(device('<ip v="4">192.0.2.256</ip>')), 'badIdentifier'],
    ['the wrong version', request(device('<ip v="6">192.0.2.5</ip>')), 'badIdentifier'],
    ['a short MAC', request(device('<mac>A0-12</mac>')), 'badIdentifier'],
    ['a high port', request(device('<tcpport>70000</tcpport>')), 'badIdentifier'],
    ['letters in a number', request(device('<msisdn>+34600</msisdn>')), 'badIdentifier'],
    ['an odd DUID', request(device('<duid>123</duid>')), 'badIdentifier'],
    ['two devices', request(device('') + device('')), 'badIdentifier'],
    ['a hundred identifiers', request(device('<nai>a@b</nai>'.repeat(100))), 'badIdentifier'],
  ])('with %s are refused', (_name, text, code) => {
    expect(codeOf(text)).toBe(code);
  });
});

it('one device has one spelling', { meta: { clause: 'RFC 6155 3' } }, () => {
  const key = (kind: 'ip' | 'mac' | 'uri', value: string): string | undefined => identityKey({ kind, value });
  expect(key('ip', '2001:DB8:0:0::1')).toBe(key('ip', '2001:db8::0:1'));
  expect(key('ip', '::ffff:192.0.2.5')).toBe(key('ip', '192.0.2.5'));
  expect(key('mac', 'A0-12-34-56-78-90')).toBe(key('mac', 'a0:12:34:56:78:90'));
  expect(key('uri', 'SIP:Ana@Example.ORG')).toBe('uri:sip:Ana@example.org');
  expect(key('uri', 'sip:ana@example.org')).not.toBe(key('uri', 'sip:Ana@example.org'));
  expect(canonicalAddress('fe80::1%eth0')).toBe('fe80::1');
  expect(canonicalAddress('no address')).toBe('no address');
});

const answers: Record<string, HeldAnswer> = {
  reference: {
    type: 'locationResponse',
    locationUris: ['https://lis.example/loc/a?b&c', 'sip:x@lis.example'],
    expires: '2026-01-01T13:00:00.000Z',
  },
  echo: {
    type: 'locationResponse',
    locationUris: ['https://lis.example/loc/a'],
    expires: '2026-01-01T13:00:00Z',
    device: [{ kind: 'ip', value: '192.0.2.5', version: '4' }],
  },
  routes: {
    type: 'locationResponse',
    locationUris: ['https://lis.example/loc/a', 'sip:a@lis.example'],
    expires: '2026-01-01T13:00:00Z',
    policyUri: 'https://lis.example/policy/b?c&d',
    routing: {
      service: 'urn:service:sos',
      destinations: ['sip:112@example.com', 'sips:112@example.com'],
      defaultRoute: false,
    },
  },
  'a default route': {
    type: 'locationResponse',
    locationUris: ['https://lis.example/loc/a'],
    expires: '2026-01-01T13:00:00Z',
    routing: { service: 'urn:service:sos', destinations: ['sip:112@example.com'], defaultRoute: true },
  },
  identifiers: {
    type: 'error',
    code: 'badIdentifier',
    message: 'MAC wanted',
    requiredIdentifiers: ['ip', 'mac'],
  },
  ...Object.fromEntries(
    HELD_ERROR_CODES.map((code): [string, HeldAnswer] => [
      code,
      { type: 'error', code, message: 'why & <how>' },
    ]),
  ),
};

describe('answers', () => {
  it.each(Object.entries(answers))('%s comes back as it was written', (_name, answer) => {
    expect(readHeldAnswer(writeHeldAnswer(answer))).toEqual({ ok: true, value: answer });
  });

  it('carry a presence document whole', { meta: { clause: 'RFC 5985 6.6' } }, () => {
    const read = readHeldAnswer(writeHeldAnswer({ type: 'locationResponse', pidfLo }));
    const inner = read.ok && read.value.type === 'locationResponse' ? read.value.pidfLo : undefined;
    expect(readPidfLo(Buffer.from(inner ?? ''))).toEqual(readPidfLo(Buffer.from(pidfLo)));
  });

  it('may have white space around URIs', { meta: { clause: 'RFC 5985 10.2' } }, () => {
    const text =
      `<locationResponse xmlns="${HELD_NS}"><locationUriSet expires="2006-01-01T13:00:00.0Z">` +
      `<locationURI>https://ls.example.com:9768/357yc6s64ceyoiuy5ax3o\n      </locationURI></locationUriSet></locationResponse>`;
    expect(readHeldAnswer(text)).toMatchObject({
      value: { locationUris: ['https://ls.example.com:9768/357yc6s64ceyoiuy5ax3o'] },
    });
  });

  it('discards a policy URI of another scheme', { meta: { clause: 'RFC 7199 4.2' } }, () => {
    const set = `<locationUriSet expires="2026-01-01T13:00:00Z"><locationURI>https://a.example/b</locationURI></locationUriSet>`;
    const read = (uri: string): unknown =>
      readHeldAnswer(
        `<locationResponse xmlns="${HELD_NS}">${set}<policyUri xmlns="${HELD_POLICY_NS}"> ${uri} </policyUri></locationResponse>`,
      );
    expect(read('https://a.example/p')).toMatchObject({ value: { policyUri: 'https://a.example/p' } });
    expect(read('ftp://a.example/p')).not.toMatchObject({ value: { policyUri: expect.anything() } });
  });

  it.each([
    ['another namespace', '<locationResponse xmlns="urn:x"/>'],
    ['nothing inside', `<locationResponse xmlns="${HELD_NS}"/>`],
    ['a request', request()],
    ['a page', '<html/>'],
    ['no XML', 'oops'],
  ])('with %s are none', (_name, text) => {
    expect(readHeldAnswer(text).ok).toBe(false);
  });
});

const folder = resolve(import.meta.dirname, '../../../../shared/specs/schemas/held');
const xmllint = ['/usr/bin/xmllint', '/usr/local/bin/xmllint'].find((file) => existsSync(file));
const missing = !existsSync(folder)
  ? 'schemas not beside the repository'
  : xmllint
    ? ''
    : 'xmllint not installed';

it.skipIf(missing !== '')(
  `every document is valid by the schema ${missing && `(skipped: ${missing})`}`,
  { meta: { clause: 'RFC 5985 7' }, timeout: 60_000 },
  () => {
    const place = mkdtempSync(join(tmpdir(), 'esinet-held-'));
    try {
      const documents = {
        ...Object.fromEntries(Object.entries(answers).map(([name, a]) => [name, writeHeldAnswer(a)])),
        value: writeHeldAnswer({ type: 'locationResponse', pidfLo }),
        wishes: writeHeldRequest({
          type: 'locationRequest',
          locationTypes: ['locationURI'],
          exact: true,
          device: [],
          flow: { address: '192.0.2.1', port: 5, transport: 'udp' },
          policyUri: true,
          routing: 'urn:service:sos',
          reference: { uses: 1 },
        }),
        request: writeHeldRequest({
          type: 'locationRequest',
          responseTime: 'emergencyRouting',
          locationTypes: ['geodetic', 'civic'],
          exact: true,
          device: [{ kind: 'mac', value: 'A0-12-34-56-78-90' }],
        }),
      };
      const files = Object.entries(documents).map(([name, text]) => {
        const file = join(place, `${name}.xml`);
        writeFileSync(file, text);
        return file;
      });
      // Ends with 3 and the reasons on stderr where one is invalid; execFileSync makes that an error.
      execFileSync(
        xmllint ?? '',
        ['--noout', '--nonet', '--schema', join(folder, 'held-base.xsd'), ...files],
        {
          stdio: 'pipe',
        },
      );
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  },
);
