import { isUtf8 } from 'node:buffer';
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '@esinet/kernel';
import { parseFrame } from '../codec/datagram.js';
import type { SipLimits } from '../codec/limits.js';
import type { Connection, Wire } from './connection.js';
import { type Destination, hostPort } from './destination.js';
import { SipTransportError, reasonOf } from './error.js';

/** RFC 7118 4.1 */
export const sipSubprotocol = 'sip';

/** A WebSocket to write SIP to: one message each. RFC 7118 5 */
export function webSocketWire(webSocket: WebSocket, socket: Socket): Wire {
  return {
    // Browsers' SIP stacks read text; what is no UTF-8 must go as binary. RFC 7118 4.2
    write: (bytes, flushed) => webSocket.send(bytes, { binary: !isUtf8(bytes) }, () => flushed()),
    ping: (flushed) => webSocket.ping(undefined, undefined, () => flushed()),
    get queued() {
      return socket.writableLength;
    },
    end: () => void webSocket.close(1001),
    destroy: () => webSocket.terminate(),
  };
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

export function readWebSocket(
  webSocket: WebSocket,
  connection: Connection,
  messageLimits?: Partial<SipLimits>,
): void {
  webSocket.on('message', (data: RawData) => {
    try {
      connection.received([parseFrame(bytesOf(data), messageLimits)], false);
    } catch (error) {
      connection.unreadable(error);
    }
  });
  webSocket.on('pong', () => connection.ponged());
  webSocket.on('ping', () => connection.touched());
  webSocket.on('error', (error) => connection.close(reasonOf(error)));
  webSocket.on('close', () => connection.close('closed'));
  webSocket.resume();
}

/** Answers an upgrade that is not for us, and closes. */
function refuse(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  socket.destroySoon();
}

/** Lets WebSockets with the subprotocol `sip` in, on one path of an HTTP server. RFC 7118 4.1 */
export function acceptWebSockets(
  server: HttpServer,
  o: {
    path: string;
    maxMessageBytes: number;
    admit: (socket: Socket) => boolean;
    accepted: (webSocket: WebSocket, socket: Socket) => void;
  },
): void {
  const webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: o.maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: () => sipSubprotocol,
  });
  server.on('request', (_request, response) => {
    response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Length': 0 }).end();
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const target = request.url ?? '/';
    const query = target.indexOf('?');
    if ((query < 0 ? target : target.slice(0, query)) !== o.path) return refuse(socket, '404 Not Found');
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(sipSubprotocol)) return refuse(socket, '400 Bad Request');
    if (!o.admit(socket)) return refuse(socket, '503 Service Unavailable');
    webSockets.handleUpgrade(request, socket, head, (webSocket) => o.accepted(webSocket, socket));
  });
}

/** Makes a WebSocket over a socket already connected (and secured). Rejects with SipTransportError. */
export function openWebSocket(
  socket: Socket,
  destination: Destination,
  path: string,
  maxMessageBytes: number,
  clock: Clock,
  timeoutMs: number,
): Promise<WebSocket> {
  const host = hostPort(destination.serverName ?? destination.address, destination.port);
  return new Promise((resolve, reject) => {
    const webSocket = new WebSocket(`ws://${host}${path}`, sipSubprotocol, {
      createConnection: () => {
        // Connected already, which node:http learns of only from the event.
        queueMicrotask(() => socket.emit('connect'));
        return socket;
      },
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      handshakeTimeout: timeoutMs,
    });
    const timer = clock.after(timeoutMs, () => fail('timeout', 'no answer to the upgrade'));
    const fail = (reason: 'timeout' | 'handshake', message: string) => {
      timer.cancel();
      webSocket.terminate();
      socket.destroy();
      reject(new SipTransportError(reason, `${destination.transport} to ${host}: ${message}`));
    };
    webSocket.on('error', (error) => fail('handshake', error.message));
    webSocket.once('open', () => {
      timer.cancel();
      if (webSocket.protocol !== sipSubprotocol) return fail('handshake', 'the server does not speak SIP');
      // Nothing is read until somebody listens: see readWebSocket.
      webSocket.pause();
      resolve(webSocket);
    });
  });
}
