import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import {
  type TransferPeer,
  certificateNames,
  readExecutionResponse,
  readNegotiationResponse,
  transferClient,
  type transferRoutes,
} from '@esinet/chat-transfer';
import { type ManualClock, err, ok, silentLogger } from '@esinet/kernel';
import { type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import {
  type Destination,
  MemoryNetwork,
  type SipStack,
  TransactionLayer,
  type WireEvent,
  createSipStack,
} from '@esinet/sip';

export type TransferRoutes = ReturnType<typeof transferRoutes>;

/** Where the two ends of everything meet: a memory network, or the loopback interface. */
export interface Wires {
  node(name: string, onWire?: (event: WireEvent) => void): Promise<Node>;
  /** Serves HTTP-3 under the name. */
  serve(name: string, routes: TransferRoutes): Promise<Served>;
  /** Asks the HTTP-3 of others under the name. */
  peer(name: string, urlOf: (agreed: string) => Served | undefined): TransferPeer;
  /** A moment in which everything goes on that does not wait for time. */
  breathe(): Promise<void>;
  close(): Promise<void>;
}

export interface Node {
  readonly transactions: TransactionLayer;
  readonly destination: Destination;
  stop(): Promise<void>;
}

export interface Served {
  readonly url: string;
  readonly routes: TransferRoutes;
  stop(): Promise<void>;
}

export function memoryWires(clock: ManualClock): Wires {
  const network = new MemoryNetwork({ clock });
  let nodes = 0;
  return {
    node: (_name, onWire) => {
      const address = `192.0.2.${++nodes}`;
      const transport = network.node({ address });
      const transactions = new TransactionLayer({
        transport,
        clock,
        logger: silentLogger,
        ...(onWire && { onWire }),
      });
      return Promise.resolve({
        transactions,
        destination: { transport: 'udp', address, port: 5060 },
        stop: () => {
          transactions.stop();
          return transport.stop();
        },
      });
    },
    serve: (name, routes) =>
      Promise.resolve({ url: `https://${name}.invalid`, routes, stop: () => Promise.resolve() }),
    peer: (name, served) => memoryPeer(`URI:sip:${domainOf(name)}`, served),
    breathe: () => new Promise((resolve) => setImmediate(resolve)),
    close: () => Promise.resolve(),
  };
}

/** The rim of HTTP-3 without HTTP: what is asked is octets, what is answered is octets. */
function memoryPeer(clientName: string, served: (agreed: string) => Served | undefined): TransferPeer {
  const post = async (agreed: string, path: string, body: object) => {
    const there = served(agreed);
    if (!there) return undefined;
    return there.routes({
      path: `/chat-transfer/${path}`,
      method: 'POST',
      contentType: 'application/json',
      body: Buffer.from(JSON.stringify(body)),
      clientNames: [clientName],
    });
  };
  return {
    negotiate: async (url, request) => {
      const answer = await post(url, 'negotiation', request);
      if (!answer) return err({ code: 'unreachable', message: 'nobody there' });
      const read = readNegotiationResponse(JSON.parse(answer.body));
      return read.ok ? ok(read.value) : err({ code: 'refused', message: 'refused', status: answer.status });
    },
    execute: async (url, request) => {
      const answer = await post(url, 'execution', request);
      if (!answer) return err({ code: 'unreachable', message: 'nobody there' });
      const read = readExecutionResponse(JSON.parse(answer.body));
      return read.ok ? ok(read.value) : err({ code: 'refused', message: 'refused', status: answer.status });
    },
  };
}

/** TCP for SIP, HTTPS with both certificates for HTTP-3, on ports the system chooses. */
export async function socketWires(clock: ManualClock): Promise<Wires> {
  const folder = await mkdtemp(join(tmpdir(), 'transcripts-'));
  const names = ['psap-a', 'psap-b'].map((name) => ({ name, domain: domainOf(name) }));
  await ensureLabPki({ folder, names });
  const tls = new Map<string, TlsOptions>();
  for (const { name } of names) tls.set(name, await loadTls(folder, name));
  const closing: (() => Promise<void>)[] = [];
  const secret = randomBytes(16);
  return {
    node: async (name, onWire) => {
      const stack: SipStack = createSipStack({
        listeners: [{ name, transport: 'tcp', host: '127.0.0.1', port: 0 }],
        clock,
        logger: silentLogger,
        secret,
        ...(onWire && { onWire }),
      });
      await stack.start();
      const port = stack.transport.listeners()[0]?.port ?? 0;
      closing.push(() => stack.stop());
      return {
        transactions: stack.transactions,
        destination: { transport: 'tcp', address: '127.0.0.1', port },
        stop: () => stack.stop(),
      };
    },
    serve: async (name, routes) => {
      const served = await httpsServer(tlsOf(tls, name), routes);
      closing.push(() => served.stop());
      return served;
    },
    peer: (name, served) => {
      const client = transferClient({ tls: pem(tlsOf(tls, name)), timeoutMs: 20_000 });
      closing.push(() => Promise.resolve(client.close()));
      const url = (agreed: string): string => served(agreed)?.url ?? 'https://127.0.0.1:9';
      return {
        negotiate: (agreed, request, peer) => client.negotiate(url(agreed), request, peer),
        execute: (agreed, request, peer) => client.execute(url(agreed), request, peer),
      };
    },
    breathe: () => new Promise((resolve) => setTimeout(resolve, 1)),
    close: async () => {
      for (const close of closing.reverse()) await close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function httpsServer(tls: TlsOptions, routes: TransferRoutes): Promise<Served> {
  const server = createServer(
    { ...pem(tls), requestCert: true, rejectUnauthorized: true },
    (request, answer) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const names = (request.socket as TLSSocket).getPeerCertificate().subjectaltname;
        void routes({
          path: request.url ?? '',
          method: request.method ?? '',
          contentType: request.headers['content-type'],
          body: Buffer.concat(chunks),
          clientNames: certificateNames(names ?? ''),
        }).then(({ status, headers, body }) => answer.writeHead(status, headers).end(body));
      });
    },
  );
  // Those too that are still in their handshake: the server itself does not know them yet.
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    routes,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** SIP domain of a PSAP: `psap-a` is at `a.lab`. */
export function domainOf(name: string): string {
  return `${name.replace('psap-', '')}.lab`;
}

function tlsOf(all: ReadonlyMap<string, TlsOptions>, name: string): TlsOptions {
  const one = all.get(name);
  if (!one) throw new Error(`no certificate for ${name}`);
  return one;
}

function pem({ key, cert, ca }: TlsOptions) {
  return { key, cert, ca };
}
