import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, type TlsOptions as TlsServerOptions, connect, createServer } from 'node:tls';
import type { TlsOptions } from '@esinet/platform';
import {
  type CertificateAuthority,
  type CertificateWish,
  certificateAuthority,
  loopbackAgent,
  selfSigned,
  until,
} from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type TlsBorder, startTlsBorder } from './tls-border.js';

const provider = ['URI:sip:provider.lab', 'DNS:sbc.provider.lab'];
const esrpNames = ['URI:sip:esrp.esinet.lab', 'IP:127.0.0.1'];
const meta = { clause: ['TS 103 698 6.1.1', 'RFC 5922 7.1', 'RFC 5922 7.4'], shall: '6.1.1-10' };

const tls11 = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' } as const;

let ours: CertificateAuthority;
let other: CertificateAuthority;
let own: TlsOptions;
let border: TlsBorder;

beforeAll(async () => {
  ours = await certificateAuthority('Ours');
  other = await certificateAuthority('Other');
  own = await ours.issue({ names: ['URI:sip:esinet.lab', 'DNS:esinet.lab'], usage: ['server', 'client'] });
  border = await startTlsBorder(own, {
    peers: [
      { name: 'provider', sanUri: 'sip:provider.lab' },
      { name: 'old', sanUri: 'sip:old.lab', legacy: 'rsa-1024' },
    ],
  });
});
afterAll(() => border.close());

/** Whether a border lets a client with this set-up say anything: OPTIONS answered is taken. */
async function taken(at: TlsBorder, side: 'public' | 'private', o: ConnectionOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port: at.port(side),
      ca: own.ca,
      ciphers: 'DEFAULT@SECLEVEL=0',
      checkServerIdentity: () => undefined,
      ...o,
    });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('error', () => end(false));
    socket.on('close', () => end(false));
    socket.on('data', (bytes: Buffer) => end(bytes.toString('latin1').startsWith('SIP/2.0 200')));
    socket.on('secureConnect', () => {
      socket.write(
        'OPTIONS sip:esinet.lab SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKx;rport\r\n' +
          'Max-Forwards: 0\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:esinet.lab>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n' +
          'Content-Length: 0\r\n\r\n',
      );
    });
  });
}

const shown = ({ key, cert }: TlsOptions): ConnectionOptions => ({ key, cert });
const issued = async (wish: Partial<CertificateWish>, by = ours) =>
  shown(await by.issue({ names: provider, ...wish }));

const weakClients: [string, string, () => Promise<ConnectionOptions>][] = [
  ['1,024 bits', 'weak-key', () => issued({ key: 'rsa-1024' })],
  ['no certificate', 'no-certificate', () => Promise.resolve({})],
  ['an expired one', 'expired', () => issued({ from: -30, until: -1 })],
  ['TLS 1.1', 'old-version', async () => ({ ...(await issued({})), ...tls11 })],
  ['one that is not valid yet', 'not-yet-valid', () => issued({ from: 1, until: 30 })],
  ['one for another purpose', 'wrong-purpose', () => issued({ usage: ['mail'] })],
  ['one for servers only', 'wrong-purpose', () => issued({ usage: ['server'] })],
  ['one it signed itself', 'self-signed', async () => shown(await selfSigned({ names: provider }))],
  ['one of an unknown authority', 'unknown-authority', () => issued({}, other)],
  ['a SHA-1 signature', 'weak-signature', () => issued({ sha1: true })],
  [
    'an intermediate of 1,024 bits',
    'weak-key',
    async () => issued({}, await ours.below({ key: 'rsa-1024' })),
  ],
];

describe.each(['public', 'private'] as const)('on its %s side a border refuses a client with', (side) => {
  it.each(weakClients)('%s, and says %s', { meta }, async (_name, rule, setup) => {
    const before = await border.counted('esinet_sip_tls_refused_total', 'side="server"', `rule="${rule}"`);
    border.logged.length = 0;
    expect(await taken(border, side, await setup())).toBe(false);
    await until(() => border.logged.some(({ event }) => event === 'tls-refused'));
    const refusal = border.logged.find(({ event }) => event === 'tls-refused');
    expect(refusal?.fields).toMatchObject({ listener: `${side}-tls`, rule });
    if (rule !== 'no-certificate' && rule !== 'old-version') expect(refusal?.fields['peer']).toBe('provider');
    expect(await border.counted('esinet_sip_tls_refused_total', 'side="server"', `rule="${rule}"`)).toBe(
      before + 1,
    );
  });

  it('nothing of these, and one with a good intermediate', { meta }, async () => {
    expect(await taken(border, side, await issued({}))).toBe(true);
    expect(await taken(border, side, await issued({ key: 'rsa-2048', usage: ['server', 'client'] }))).toBe(
      true,
    );
    expect(await taken(border, side, await issued({ key: 'p-384' }, await ours.below()))).toBe(true);
  });
});

describe('a peer with the switch legacy: rsa-1024', () => {
  it('is taken with it, and each time the log says so; nobody else is', { meta }, async () => {
    const old = await issued({ names: ['URI:sip:old.lab'], key: 'rsa-1024' });
    for (let i = 1; i <= 2; i++) {
      border.logged.length = 0;
      expect(await taken(border, 'public', old)).toBe(true);
      expect(border.logged).toContainEqual({
        event: 'tls-legacy-key',
        fields: { side: 'server', peer: 'old' },
      });
      expect(await border.counted('esinet_sip_tls_legacy_total', 'peer="old"')).toBe(i);
    }
    const foreign = await issued({ names: ['URI:sip:old.lab'], key: 'rsa-1024' }, other);
    expect(await taken(border, 'public', foreign)).toBe(false);
    expect(await taken(border, 'public', await issued({ names: ['URI:sip:new.lab'], key: 'rsa-1024' }))).toBe(
      false,
    );
  });
});

const weakServers: [string, string, () => Promise<TlsServerOptions>][] = [
  ['1,024 bits', 'weak-key', () => ours.issue({ names: esrpNames, key: 'rsa-1024' })],
  ['another domain', 'wrong-name', () => ours.issue({ names: ['URI:sip:other.lab', 'DNS:esrp.esinet.lab'] })],
  ['a wildcard', 'wildcard', () => ours.issue({ names: ['DNS:*.esinet.lab'] })],
  [
    'its name as common name',
    'wrong-name',
    () => ours.issue({ names: ['DNS:x.lab'], subject: 'esrp.esinet.lab' }),
  ],
  ['an expired certificate', 'expired', () => ours.issue({ names: esrpNames, from: -30, until: -1 })],
  ['one that is not valid yet', 'not-yet-valid', () => ours.issue({ names: esrpNames, from: 1 })],
  ['one for clients only', 'wrong-purpose', () => ours.issue({ names: esrpNames, usage: ['client'] })],
  ['one it signed itself', 'self-signed', () => selfSigned({ names: esrpNames })],
  ['one of an unknown authority', 'unknown-authority', () => other.issue({ names: esrpNames })],
  ['a SHA-1 signature', 'weak-signature', () => ours.issue({ names: esrpNames, sha1: true })],
  ['TLS 1.1', 'old-version', async () => ({ ...(await ours.issue({ names: esrpNames })), ...tls11 })],
];

/** A server that takes everything, and how much it was told. */
async function careless(options: TlsServerOptions): Promise<{ port: number; told: () => number }> {
  let told = 0;
  const server = createServer({ ciphers: 'DEFAULT@SECLEVEL=0', ...options }, (socket) => {
    socket.on('data', (bytes: Buffer) => (told += bytes.length));
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, told: () => told };
}

describe('a border gives nothing to a next hop with', () => {
  it.each(weakServers)(
    '%s, and says %s',
    { meta: { clause: ['TS 103 698 6.1.1', 'RFC 5922 7.2', 'RFC 5922 7.3'], shall: '6.1.1-10' } },
    async (_name, rule, setup) => {
      const server = await careless(await setup());
      const at = await startTlsBorder(own, { esrp: [`tls:127.0.0.1:${server.port};esrp.esinet.lab`] });
      onTestFinished(() => at.close());
      const caller = await loopbackAgent();
      onTestFinished(() => caller.stop());
      await caller.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        from: 'sip:a@app.lab',
        to: 'urn:service:sos',
        destination: { transport: 'tcp', address: '127.0.0.1', port: at.edge.port('public-tcp') ?? 0 },
      });
      expect(server.told()).toBe(0);
      expect(at.logged.find(({ event }) => event === 'tls-server-refused')?.fields).toMatchObject({
        rule,
        peer: 'esrp.esinet.lab',
      });
      expect(
        await at.counted('esinet_sip_tls_refused_total', 'side="client"', `rule="${rule}"`),
      ).toBeGreaterThan(0);
    },
  );
});
