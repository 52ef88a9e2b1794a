import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { access, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getSecure } from 'node:https';
import { createServer, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { messageOf, silentLogger, systemClock } from '@esinet/kernel';
import { portOwner } from '@esinet/platform';
import {
  type Destination,
  type TlsOptions,
  alternativeNames,
  buildRequest,
  createSipStack,
  sipIdentities,
} from '@esinet/sip';
import type { ClockAnswer } from './clock.js';
import type { ConfiguredListener } from './configured.js';
import type { Handshake, SecureHop } from './handshakes.js';
import type { AddressPorts } from './addresses.js';
import type { StorePorts } from './stores.js';

/** A handshake that shows our certificate, and nothing after it. */
export function handshake(
  hop: SecureHop,
  tls: TlsOptions | undefined,
  timeoutMs: number,
): Promise<Handshake> {
  return new Promise((done) => {
    const { host, port, serverName } = hop;
    const name = serverName ?? host;
    const socket = connect({
      ...{ host, port, rejectUnauthorized: false, minVersion: 'TLSv1.2' },
      ...(isIP(name) === 0 && { servername: name }),
      ...(tls && { key: tls.key, cert: tls.cert, ca: tls.ca }),
    });
    const end = (result: Handshake): void => {
      socket.destroy();
      done(result);
    };
    socket.setTimeout(timeoutMs, () => end({ refused: 'no answer in time' }));
    socket.on('error', (error) => end({ refused: messageOf(error) }));
    socket.once('secureConnect', () => {
      const shown = socket.getPeerX509Certificate();
      if (!socket.authorized) return end({ refused: socket.authorizationError?.toString() ?? 'not trusted' });
      const names = alternativeNames(shown?.subjectAltName);
      if (shown && !sipIdentities(names).includes(name.toLowerCase()) && !names.addresses.includes(name))
        return end({
          refused: `its certificate speaks for ${sipIdentities(names).join(', ') || 'nobody'}, not for ${name}`,
        });
      const protocol = socket.getProtocol() ?? 'TLS';
      end({ protocol, ...(shown && { validTo: shown.validTo, ends: Date.parse(shown.validTo) }) });
    });
  });
}

/** The Date of any answer, be it a 404. */
export function httpDate(
  url: string,
  tls: TlsOptions | undefined,
  timeoutMs: number,
): Promise<ClockAnswer | undefined> {
  return new Promise((done) => {
    const asked = systemClock.wall();
    const options = { timeout: timeoutMs, ...(tls && { key: tls.key, cert: tls.cert, ca: tls.ca }) };
    const request = (url.startsWith('https:') ? getSecure : get)(
      new URL('/healthz', url),
      options,
      (response) => {
        response.resume();
        const date = Date.parse(response.headers.date ?? '');
        done(Number.isNaN(date) ? undefined : { date, asked, answered: systemClock.wall() });
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', () => done(undefined));
  });
}

/** The Date of the answer to an OPTIONS (RFC 3261 20.17), which changes nothing anywhere. */
export async function sipDate(destination: Destination, timeoutMs: number): Promise<ClockAnswer | undefined> {
  const host = isIP(destination.address) === 6 ? '::' : '0.0.0.0';
  const stack = createSipStack({
    listeners: [
      { name: 'doctor', transport: destination.transport === 'udp' ? 'udp' : 'tcp', host, port: 0 },
    ],
    clock: systemClock,
    logger: silentLogger,
  });
  await stack.start();
  try {
    const asked = systemClock.wall();
    const uri = `sip:${host === '::' ? `[${destination.address}]` : destination.address}:${destination.port}`;
    const headers: [string, string][] = [
      ['Max-Forwards', '10'],
      ['From', '<sip:doctor@invalid>;tag=doctor'],
      ['To', `<${uri}>`],
      ['Call-ID', `doctor-${asked}`],
      ['CSeq', '1 OPTIONS'],
    ];
    return await new Promise<ClockAnswer | undefined>((done) => {
      systemClock.after(timeoutMs, () => done(undefined));
      stack.transactions.request(
        { bytes: buildRequest({ method: 'OPTIONS', uri, headers }), method: 'OPTIONS', destination },
        {
          onResponse: (response) => {
            const date = Date.parse(response.header('Date') ?? '');
            done(Number.isNaN(date) ? undefined : { date, asked, answered: systemClock.wall() });
          },
          onFailure: () => done(undefined),
        },
      );
    });
  } finally {
    await stack.stop();
  }
}

/** Opens each port for a moment. */
export function addressPorts(): AddressPorts {
  return {
    own: Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address)),
    async busy(listener) {
      const kind = listener.transport === 'udp' ? 'udp' : 'tcp';
      const reason = await (kind === 'udp' ? udpProblem(listener) : tcpProblem(listener));
      if (reason === undefined) return undefined;
      const owner = await portOwner(listener.port, kind);
      // What runs is most often the ESInet that is asked about.
      const isOurs = owner !== undefined && /^(node|esinet|MainThread)\b/.test(owner);
      return { reason: owner === undefined ? reason : `${owner} has it`, isOurs };
    },
  };
}

async function tcpProblem({ host, port }: ConfiguredListener): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    server.close();
  }
}

async function udpProblem({ host, port }: ConfiguredListener): Promise<string | undefined> {
  const socket = createSocket(isIP(host) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(port, host);
    await once(socket, 'listening');
    return undefined;
  } catch (error) {
    return messageOf(error);
  } finally {
    socket.close();
  }
}

export const folderPorts: Omit<StorePorts, 'open'> = {
  async existing(folder) {
    let at = resolve(folder);
    for (;;) {
      try {
        await access(at);
        return at;
      } catch {
        if (dirname(at) === at) return at;
        at = dirname(at);
      }
    }
  },
  async tryWriting(folder) {
    const own = await mkdtemp(join(folder, '.esinet-doctor-'));
    try {
      const file = await open(join(own, 'file'), 'w');
      await file.writeFile('doctor');
      await file.sync();
      await file.close();
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  },
  async room(folder) {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { free: bavail * bsize, all: blocks * bsize };
  },
};
