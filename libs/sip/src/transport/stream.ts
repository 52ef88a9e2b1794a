import { type Socket, connect as connectTcp } from 'node:net';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import type { Clock } from '@esinet/kernel';
import type { SipLimits } from '../codec/limits.js';
import { StreamFramer } from '../codec/stream-framer.js';
import type { Connection, Wire } from './connection.js';
import type { Destination } from './destination.js';
import { SipTransportError, reasonOf } from './error.js';
import { type TlsOptions, clientTlsOptions } from './tls.js';

const ping = Buffer.from('\r\n\r\n');

/** A TCP or TLS socket to write SIP to. */
export function streamWire(socket: Socket): Wire {
  return {
    write: (bytes, flushed) => void socket.write(bytes, flushed),
    ping: (flushed) => void socket.write(ping, flushed),
    get queued() {
      return socket.writableLength;
    },
    end: () => {
      socket.end();
      socket.destroySoon();
    },
    destroy: () => void socket.destroy(),
  };
}

/** Feeds what the socket reads through the framing into the connection. RFC 3261 18.3 */
export function readStream(socket: Socket, connection: Connection, messageLimits?: Partial<SipLimits>): void {
  const framer = new StreamFramer(messageLimits);
  socket.setNoDelay(true);
  socket.on('data', (chunk: Buffer) => {
    const parsed = framer.push(chunk);
    if (parsed.length > 0) connection.received(parsed, framer.broken);
    else connection.receivedPart(onlyLineEnds(chunk));
  });
  socket.on('error', (error) => connection.close(reasonOf(error)));
  socket.on('end', () => connection.close('closed'));
  socket.on('close', () => connection.close('closed'));
}

function onlyLineEnds(chunk: Buffer): boolean {
  return chunk.length <= 4 && chunk.every((octet) => octet === 13 || octet === 10);
}

/** Opens a TCP or TLS connection. Rejects with SipTransportError; never waits longer than `timeoutMs`. */
export function openStream(
  destination: Destination,
  tls: TlsOptions | undefined,
  clock: Clock,
  timeoutMs: number,
): Promise<Socket | TLSSocket> {
  const { address, port } = destination;
  return new Promise((resolve, reject) => {
    const secure = destination.transport === 'tls' || destination.transport === 'wss';
    const socket =
      secure && tls
        ? connectTls({ host: address, port, ...clientTlsOptions(tls, destination) })
        : connectTcp({ host: address, port });
    const fail = (error: SipTransportError) => {
      timer.cancel();
      socket.destroy();
      reject(error);
    };
    const where = `${destination.transport} to ${address} port ${port}`;
    const timer = clock.after(timeoutMs, () => fail(new SipTransportError('timeout', `${where}: no answer`)));
    socket.on('error', (error) => fail(new SipTransportError(reasonOf(error), `${where}: ${error.message}`)));
    socket.once('close', () => fail(new SipTransportError('closed', `${where}: closed by the peer`)));
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      timer.cancel();
      socket.removeAllListeners('close');
      resolve(socket);
    });
  });
}
