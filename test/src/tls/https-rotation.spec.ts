import { Module } from '@nestjs/common';
import { HttpsAgent, httpExchange, silentLogger } from '@esinet/kernel';
import { type TlsOptions, liveTls, startElement } from '@esinet/platform';
import { type CertificateAuthority, certificateAuthority } from '@esinet/testing';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

@Module({})
class Empty {}

let ours: CertificateAuthority;
let other: CertificateAuthority;
beforeAll(async () => {
  [ours, other] = await Promise.all([certificateAuthority('Ours'), certificateAuthority('Other')]);
});

const server = { names: ['DNS:localhost', 'IP:127.0.0.1', 'URI:sip:lis.lab'] };
const client = { names: ['URI:sip:esrp.lab'] };

function fingerprintAt(port: number, tls: TlsOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const { key, cert } = tls;
    const socket = connect({ host: '127.0.0.1', port, key, cert, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

describe('HTTPS while certificates are exchanged', { timeout: 30_000 }, () => {
  it('goes on: the request under way ends, the next connection has the new ones, on both sides', async () => {
    const serving = liveTls(await ours.issue(server), silentLogger);
    const asking = liveTls(await ours.issue(client), silentLogger);
    let begun: () => void = () => undefined;
    let release: () => void = () => undefined;
    const started = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const element = await startElement({
      name: 'lis',
      module: Empty,
      http: { host: '127.0.0.1', port: 0 },
      platform: { logger: silentLogger },
      secure: {
        host: '127.0.0.2',
        port: 0,
        tls: serving.tls,
        maxBodyBytes: 1_000,
        routes: {
          '/who': ({ clientNames }) => ({ status: 200, body: clientNames.join(' ') }),
          '/slow': async () => {
            begun();
            await held;
            return { status: 200, body: 'done' };
          },
        },
      },
    });
    onTestFinished(() => element.close());
    const port = element.secure?.port ?? 0;
    const agent = new HttpsAgent({ keepAlive: true, checkServerIdentity: () => undefined }, asking.tls);
    onTestFinished(() => agent.destroy());
    const ask = async (path: string): Promise<string> => {
      const answer = await httpExchange({
        method: 'GET',
        url: `https://127.0.0.2:${port}${path}`,
        headers: {},
        timeoutMs: 10_000,
        maxBytes: 1_000,
        agent,
      });
      return answer.ok ? `${answer.value.status} ${answer.value.body.toString()}` : answer.error.code;
    };
    expect(await ask('/who')).toBe('200 URI:sip:esrp.lab');
    const slow = ask('/slow');
    await started;
    // Both sides go over to another authority, the client a moment later than the server.
    const both = `${ours.pem}\n${other.pem}`;
    serving.replace({ ...(await other.issue(server)), ca: both });
    asking.replace({ ...(await other.issue({ names: ['URI:sip:new.lab'] })), ca: other.pem });
    expect(await ask('/who')).toBe('200 URI:sip:new.lab');
    release();
    expect(await slow).toBe('200 done');
  });

  it('shows the new certificate and keeps the old one where the new will not do', async () => {
    const live = liveTls(await ours.issue(server), silentLogger);
    const element = await startElement({
      name: 'lis',
      module: Empty,
      http: { host: '127.0.0.1', port: 0 },
      platform: { logger: silentLogger },
      secure: { host: '127.0.0.1', port: 0, tls: live.tls, maxBodyBytes: 1_000, routes: {} },
    });
    onTestFinished(() => element.close());
    const port = element.secure?.port ?? 0;
    const peer = await ours.issue(client);
    const first = await fingerprintAt(port, peer);
    live.replace(await ours.issue(server));
    const second = await fingerprintAt(port, peer);
    expect(second).not.toBe(first);
    live.replace({ ...live.tls, cert: 'garbage' });
    expect(await fingerprintAt(port, peer)).toBe(second);
  });
});
