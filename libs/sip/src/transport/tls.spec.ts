import { createHash, webcrypto } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import 'reflect-metadata';
import {
  BasicConstraintsExtension,
  type JsonGeneralName,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
  cryptoProvider,
} from '@peculiar/x509';
import type { TransportName } from './destination.js';
import type { ListenOptions } from './listener.js';
import { Peers, message } from './loopback-peers.js';
import { certificatesIn } from './certificate-path.js';
import type { TlsOptions } from './tls.js';
import { alternativeNames, matchesIdentity, sipIdentities } from './tls-names.js';

cryptoProvider.set(webcrypto as unknown as Parameters<typeof cryptoProvider.set>[0]);

const ec = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const rsa1024 = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: Uint8Array.of(1, 0, 1),
  modulusLength: 1024,
};
const validity = {
  notBefore: new Date(Date.now() - 86_400_000),
  notAfter: new Date(Date.now() + 86_400_000),
};

function pem(label: string, bytes: ArrayBuffer): string {
  const base64 = Buffer.from(bytes).toString('base64');
  return `-----BEGIN ${label}-----\n${base64.replace(/(.{64})/g, '$1\n')}\n-----END ${label}-----\n`;
}

/** An authority that makes certificates. */
async function authority(name: string) {
  const keys = (await webcrypto.subtle.generateKey(ec, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    ...validity,
    signingAlgorithm: ec,
    keys,
    extensions: [new BasicConstraintsExtension(true, 1, true)],
  });
  let serial = 2;
  return async (
    subject: string,
    names: JsonGeneralName[],
    algorithm: typeof ec | typeof rsa1024 = ec,
  ): Promise<TlsOptions> => {
    const own = (await webcrypto.subtle.generateKey(algorithm, true, [
      'sign',
      'verify',
    ])) as webcrypto.CryptoKeyPair;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: String(serial++).padStart(2, '0'),
      subject: `CN=${subject}`,
      issuer: root.subject,
      ...validity,
      signingAlgorithm: ec,
      publicKey: own.publicKey,
      signingKey: keys.privateKey,
      extensions: names.length > 0 ? [new SubjectAlternativeNameExtension(names)] : [],
    });
    const key = pem('PRIVATE KEY', await webcrypto.subtle.exportKey('pkcs8', own.privateKey));
    return { key, cert: certificate.toString('pem'), ca: root.toString('pem') };
  };
}

const uri = (value: string): JsonGeneralName => ({ type: 'url', value });
const dns = (value: string): JsonGeneralName => ({ type: 'dns', value });

let bcf: TlsOptions;
let provider: TlsOptions;
let web: TlsOptions;
let foreign: TlsOptions;
let weak: TlsOptions;

beforeAll(async () => {
  const lab = await authority('Lab CA');
  bcf = await lab('bcf', [uri('sip:esinet.lab'), dns('bcf.esinet.lab'), { type: 'ip', value: '127.0.0.1' }]);
  provider = await lab('provider', [uri('sip:provider.lab'), dns('sbc.provider.lab')]);
  web = await lab('web', [dns('ws.provider.lab'), { type: 'ip', value: '127.0.0.1' }]);
  weak = await lab('weak', [uri('sip:weak.lab')], rsa1024);
  foreign = await (await authority('Other CA'))('provider', [uri('sip:provider.lab')]);
});

const peers = new Peers();
afterEach(() => peers.stop());

function listener(transport: TransportName, tls: TlsOptions, o: Partial<ListenOptions> = {}): ListenOptions {
  return { name: `side-${transport}`, transport, host: '127.0.0.1', port: 0, tls, ...o };
}

describe('tls', () => {
  it(
    'shows each side the names of the other',
    { meta: { clause: ['TS 103 698 6.1.1', 'RFC 5922 7.1'], shall: '6.1.1-10' } },
    async () => {
      const a = await peers.start([listener('tls', provider)]);
      const b = await peers.start([listener('tls', bcf)]);
      const flow = await a.layer.flowTo(b.to('tls', 'ESINET.lab'), 'side-tls');
      flow.send(message(1));
      await b.until(() => b.got.length === 1);
      const fingerprintOf = (pem: string) => {
        const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
        return createHash('sha256').update(der).digest('hex').toUpperCase().match(/../g)!.join(':');
      };
      expect(b.got[0]!.flow.tlsPeer).toEqual({
        authorized: true,
        subject: 'CN=provider',
        sanUris: ['sip:provider.lab'],
        sanDns: ['sbc.provider.lab'],
        fingerprint256: fingerprintOf(provider.cert),
        authority: fingerprintOf(provider.ca),
      });
      expect(flow.tlsPeer).toMatchObject({
        authorized: true,
        sanUris: ['sip:esinet.lab'],
        authority: fingerprintOf(provider.ca),
      });
      b.got[0]!.flow.send(message(2));
      await a.until(() => a.got.length === 1);
    },
  );

  it(
    'believes another authority only where it is named',
    { meta: { clause: ['TS 103 698 D.2', 'RFC 5922 7.1'] } },
    async () => {
      const both = { ...provider, ca: `${provider.ca}\n${foreign.ca}`, ownCa: provider.ca };
      const a = await peers.start([listener('tls', both)]);
      const b = await peers.start([listener('tls', { ...foreign, ca: both.ca })]);
      const to = b.to('tls', 'provider.lab');
      const fingerprint = certificatesIn(foreign.ca)[0]!.fingerprint256;
      await expect(a.layer.flowTo(to, 'side-tls')).rejects.toThrow();
      const own = certificatesIn(provider.ca)[0]!.fingerprint256;
      await expect(a.layer.flowTo({ ...to, authority: own }, 'side-tls')).rejects.toThrow();
      const flow = await a.layer.flowTo({ ...to, authority: fingerprint }, 'side-tls');
      expect(flow.tlsPeer?.authority).toBe(fingerprint);
      // The connection that stands is not one for those who did not name it.
      await expect(a.layer.flowTo(to, 'side-tls')).rejects.toThrow();
    },
  );

  it(
    'refuses a peer without a certificate',
    { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-10' } },
    async () => {
      const b = await peers.start([listener('tls', bcf)]);
      const socket = connectTls({
        host: '127.0.0.1',
        port: b.to('tls').port,
        ca: bcf.ca,
        checkServerIdentity: () => undefined,
      });
      const code = await new Promise((resolve) => {
        socket.on('data', () => undefined);
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
        socket.on('close', () => resolve('closed'));
        socket.write(message(1));
      });
      expect(['closed', 'ECONNRESET', 'EPIPE']).toContain(code);
      expect(b.got).toEqual([]);
    },
  );

  it(
    'refuses a peer of another authority, and does not trust one',
    { meta: { clause: 'RFC 5922 7.4' } },
    async () => {
      const b = await peers.start([listener('tls', bcf)]);
      const stranger = await peers.start([], { clientTls: { ...foreign, ca: bcf.ca } });
      const flow = await stranger.layer.flowTo(b.to('tls', 'esinet.lab'));
      let reason = '';
      flow.onError((why) => (reason = why));
      flow.send(message(1));
      await stranger.until(() => reason !== '');
      expect(['tls', 'closed']).toContain(reason);
      expect(b.got).toEqual([]);
      const mistaken = await peers.start([], { clientTls: { ...provider, ca: foreign.ca } });
      await expect(mistaken.layer.flowTo(b.to('tls', 'esinet.lab'))).rejects.toMatchObject({ reason: 'tls' });
    },
  );

  it.each([
    ['provider.lab', false],
    ['bcf.esinet.lab', false],
    ['x.esinet.lab', false],
    ['esinet.lab', true],
    [undefined, true],
  ])('connects to %s: %s', { meta: { clause: ['RFC 5922 7.1', 'RFC 5922 7.3'] } }, async (name, accepted) => {
    const b = await peers.start([listener('tls', bcf)]);
    const a = await peers.start([], { clientTls: provider });
    const flow = a.layer.flowTo(b.to('tls', name));
    if (accepted) expect((await flow).open).toBe(true);
    else await expect(flow).rejects.toMatchObject({ reason: 'tls' });
  });

  it('accepts no TLS 1.1', { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-7' } }, async () => {
    const b = await peers.start([listener('tls', bcf)]);
    const { port } = b.to('tls');
    const socket = connectTls({
      host: '127.0.0.1',
      port,
      ...provider,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const failed = await new Promise((resolve) => {
      socket.on('error', () => resolve(true));
      socket.on('secureConnect', () => resolve(false));
    });
    expect(failed).toBe(true);
    socket.destroy();
  });

  it(
    'takes RSA-1024 only where told to',
    { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-10' } },
    async () => {
      const legacy = { ...weak, legacyKeys: true };
      const strict = await peers.start([listener('tls', bcf)]);
      const lenient = await peers.start([listener('tls', { ...bcf, legacyKeys: true })]);
      const old = await peers.start([listener('tls', legacy)]);
      (await old.layer.flowTo(lenient.to('tls', 'esinet.lab'), 'side-tls')).send(message(1));
      await lenient.until(() => lenient.got.length === 1);
      const refused = await old.layer
        .flowTo(strict.to('tls', 'esinet.lab'), 'side-tls')
        .catch(() => undefined);
      refused?.send(message(2));
      await old.until(() => refused?.open !== true);
      expect(strict.got).toEqual([]);
      await expect(strict.layer.flowTo(old.to('tls', 'weak.lab'), 'side-tls')).rejects.toMatchObject({
        reason: 'tls',
      });
      await expect(peers.start([listener('tls', weak)])).rejects.toMatchObject({ reason: 'no-certificate' });
    },
  );

  it('closes what never shakes hands, whatever it sends', { meta: { clause: 'RFC 8446 4' } }, async () => {
    const b = await peers.start([listener('tls', bcf), listener('wss', web)], {
      limits: { handshakeTimeoutMs: 100, sweepMs: 50 },
    });
    const sockets = ['tls', 'tls', 'wss'].map((transport, i) => {
      const { port } = b.to(transport as TransportName);
      const socket = connectTcp({ host: '127.0.0.1', port });
      socket.on('error', () => undefined).on('data', () => undefined);
      if (i === 1) socket.write(message(1));
      return socket;
    });
    await b.until(() => sockets.every((socket) => socket.destroyed));
    expect(b.layer.connections).toBe(0);
  });

  it(
    'does not start without a certificate, nor connect',
    { meta: { clause: 'TS 103 698 6.1.1', shall: '6.1.1-10' } },
    async () => {
      const bare = { name: 'bare', transport: 'tls', host: '127.0.0.1', port: 0 } as const;
      await expect(peers.start([bare])).rejects.toMatchObject({ reason: 'no-certificate' });
      await expect(peers.start([{ ...bare, tls: { ...bcf, cert: 'x' } }])).rejects.toMatchObject({
        reason: 'no-certificate',
      });
      const c = await peers.start([], { clientTls: { ...bcf, key: 'x' } });
      await expect(
        c.layer.flowTo({ transport: 'tls', address: '127.0.0.1', port: 5061 }),
      ).rejects.toMatchObject({
        reason: 'no-certificate',
      });
      const a = await peers.start([]);
      await expect(
        a.layer.flowTo({ transport: 'tls', address: '127.0.0.1', port: 5061 }),
      ).rejects.toMatchObject({
        reason: 'no-certificate',
      });
    },
  );
});

describe('connection reuse', () => {
  it(
    'goes back over an authenticated connection that was offered',
    { meta: { clause: ['RFC 5923 8.2', 'RFC 5923 9.2'], shall: '6.1.1-2' } },
    async () => {
      const a = await peers.start([listener('tls', provider)]);
      const b = await peers.start([listener('tls', bcf)]);
      const out = await a.layer.flowTo(b.to('tls', 'esinet.lab'), 'side-tls');
      out.send(message(1));
      await b.until(() => b.got.length === 1);
      const accepted = b.got[0]!.flow;
      expect(b.layer.aliasFlow(accepted, a.to('tls').port)).toBe(true);
      const back = await b.layer.flowTo(a.to('tls', 'provider.lab'), 'side-tls');
      expect(back.id).toBe(accepted.id);
      expect((await b.layer.flowTo(a.to('tls', 'provider.lab'))).id).toBe(accepted.id);
      back.send(message(2));
      await a.until(() => a.got.length === 1);
      expect(a.got[0]!.flow.id).toBe(out.id);
      // Only under a name its certificate has.
      await expect(b.layer.flowTo(a.to('tls', 'other.lab'))).rejects.toMatchObject({ reason: 'tls' });
      b.layer.dropFlow(accepted.id, 'test');
      expect((await b.layer.flowTo(a.to('tls', 'provider.lab'), 'side-tls')).id).not.toBe(accepted.id);
    },
  );

  it('makes no alias of what is not authenticated', { meta: { clause: 'RFC 5923 9.2' } }, async () => {
    const b = await peers.start([listener('tls', bcf, { requireClientCertificate: false }), 'tcp']);
    const a = await peers.start([], { clientTls: { key: '', cert: '', ca: bcf.ca } });
    (await a.layer.flowTo(b.to('tls', 'esinet.lab'))).send(message(1));
    (await a.layer.flowTo(b.to('tcp'))).send(message(2));
    await b.until(() => b.got.length === 2);
    for (const { flow } of b.got) expect(b.layer.aliasFlow(flow, 5061)).toBe(false);
  });
});

describe('wss', () => {
  it(
    'carries messages both ways, without a client certificate',
    { meta: { clause: 'RFC 7118 9.1' } },
    async () => {
      const b = await peers.start([listener('wss', web, { path: '/sip' })]);
      const a = await peers.start([], { clientTls: { key: '', cert: '', ca: web.ca }, clientPath: '/sip' });
      for (const name of ['ws.provider.lab', undefined]) {
        const flow = await a.layer.flowTo(b.to('wss', name));
        const count = b.got.length;
        flow.send(message(1));
        await b.until(() => b.got.length === count + 1);
        expect(b.got.at(-1)!.flow).toMatchObject({ transport: 'wss', listener: 'side-wss' });
        b.got.at(-1)!.flow.send(message(2));
        await a.until(() => a.got.length === count + 1);
      }
      await expect(a.layer.flowTo(b.to('wss', 'else.lab'))).rejects.toMatchObject({ reason: 'tls' });
    },
  );
});

describe('a wss listener', () => {
  it(
    'asks for no certificate, as browsers give up where one is asked for, unless one is required',
    { meta: { clause: 'RFC 7118 9.1' } },
    async () => {
      for (const required of [false, true]) {
        const b = await peers.start([
          listener('wss', web, { path: '/sip', requireClientCertificate: required }),
        ]);
        const a = await peers.start([], { clientTls: provider, clientPath: '/sip' });
        (await a.layer.flowTo(b.to('wss', 'ws.provider.lab'))).send(message(1));
        await b.until(() => b.got.length === 1);
        expect(b.got[0]!.flow.tlsPeer !== undefined).toBe(required);
      }
    },
  );
});

describe('names in a certificate', () => {
  it('reads quoted values', { meta: { clause: 'RFC 5922 7.1' } }, () => {
    expect(
      alternativeNames('DNS:a.example, URI:"sip:b.example\\u002c DNS:evil.example", IP Address:192.0.2.1'),
    ).toEqual({
      dns: ['a.example'],
      uris: ['sip:b.example, DNS:evil.example'],
      addresses: ['192.0.2.1'],
    });
    expect(alternativeNames(undefined)).toEqual({ dns: [], uris: [], addresses: [] });
    expect(alternativeNames('rubbish')).toEqual({ dns: [], uris: [], addresses: [] });
  });

  it('takes DNS names only where no SIP URI stands', { meta: { clause: 'RFC 5922 7.1' } }, () => {
    expect(sipIdentities({ uris: ['SIP:A.example:5061;x=y'], dns: ['b.example'] })).toEqual(['a.example']);
    expect(sipIdentities({ uris: ['sips:a.example', 'sip:user@a.example'], dns: ['B.example'] })).toEqual([
      'b.example',
    ]);
  });

  it('matches whole names and no wildcard', { meta: { clause: 'RFC 5922 7.2' } }, () => {
    const names = { uris: [], dns: ['*.example.com', 'a.example.com'], addresses: ['2001:db8::1'] };
    expect(matchesIdentity('b.example.com', names)).toBe(false);
    expect(matchesIdentity('example.com', names)).toBe(false);
    expect(matchesIdentity('A.example.COM', names)).toBe(true);
    expect(matchesIdentity('[2001:DB8::1]', names)).toBe(true);
    expect(matchesIdentity('192.0.2.1', names)).toBe(false);
  });
});
