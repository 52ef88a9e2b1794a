import { type Socket, connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type Clock, messageOf } from '@esinet/kernel';
import type { SipLimits } from '../codec/limits.js';
import { StreamFramer } from '../codec/stream-framer.js';
import type { Connection, Wire } from './connection.js';
import { type Destination, isSecure } from './destination.js';
import { SipTransportError, type SipTransportReason, reasonOf } from './error.js';
import { type TlsOptions, clientTlsOptions } from './tls.js';
import type { TlsPeerRule } from './tls-peer-rule.js';
import { type TlsRule, tlsRuleOf } from './tls-rule.js';

const ping = Buffer.from('\r\n\r\n');

/** A TCP or TLS socket to write SIP to. */
export function streamWire(socket: Socket): Wire {
  return {
    write: (bytes, flushed) => void socket.write(bytes, flushed),
    ping: (flushed) => void socket.write(ping, flushed),
    get queued() {
      return socket.writableLength;
    },
    // Half-closed, not destroyed: what the peer has on its way would else be answered by a reset, and that takes with it
    // what it has not read of us yet. TLS says close_notify first.
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}

/** Feeds what the socket reads through the framing into the connection. RFC 3261 18.3 */
export function readStream(socket: Socket, connection: Connection, messageLimits?: Partial<SipLimits>): void {
  const framer = new StreamFramer(messageLimits);
  socket.on('data', (chunk: Buffer) => {
    try {
      const parsed = framer.push(chunk);
      if (parsed.length > 0) connection.received(parsed, framer.broken);
      else connection.receivedPart(onlyLineEnds(chunk));
    } catch (error) {
      connection.unreadable(error);
    }
  });
  socket.on('error', (error) => connection.close(reasonOf(error)));
  socket.on('end', () => connection.close('closed'));
  socket.on('close', () => connection.close('closed'));
}

function onlyLineEnds(chunk: Buffer): boolean {
  return chunk.length <= 4 && chunk.every((octet) => octet === 13 || octet === 10);
}

/**
 * Opens a TCP or TLS connection. Rejects with SipTransportError; never waits longer than `timeoutMs`, nor after
 * `cancel` was called.
 */
export function openStream(
  destination: Destination,
  tls: TlsOptions | undefined,
  clock: Clock,
  timeoutMs: number,
  peers: readonly TlsPeerRule[] = [],
): { readonly opened: Promise<Socket>; readonly cancel: () => void } {
  const { address, port, transport } = destination;
  const where = `${transport} to ${address} port ${port}`;
  let cancel = (): void => undefined;
  const opened = new Promise<Socket>((resolve, reject) => {
    const secure = isSecure(transport);
    let socket: Socket;
    try {
      socket =
        secure && tls
          ? connectTls({ host: address, port, ...clientTlsOptions(tls, destination, peers) })
          : connectTcp({ host: address, port });
    } catch (error) {
      // A key or certificate that cannot be read.
      reject(new SipTransportError('no-certificate', `${where}: ${messageOf(error)}`));
      return;
    }
    const settle = () => {
      timer.cancel();
      socket.off('close', onClose);
    };
    const fail = (reason: SipTransportReason, message: string, rule?: TlsRule) => {
      settle();
      socket.destroy();
      reject(new SipTransportError(reason, `${where}: ${message}`, rule));
    };
    const onClose = () => fail('closed', 'closed by the peer');
    const timer = clock.after(timeoutMs, () => fail('timeout', 'no answer'));
    cancel = () => fail('stopped', 'the transports are stopping');
    socket.on('error', (error) => {
      const reason = reasonOf(error);
      fail(reason, error.message, reason === 'tls' ? (tlsRuleOf(error) ?? 'handshake') : undefined);
    });
    socket.once('close', onClose);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      settle();
      cancel = () => undefined;
      resolve(socket);
    });
  });
  return { opened, cancel: () => cancel() };
}
