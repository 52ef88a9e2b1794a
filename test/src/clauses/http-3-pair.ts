import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transferClient } from '@esinet/chat-transfer';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { silentLogger, systemClock } from '@esinet/kernel';
import { LevelRecords, SipEdge, ensureLabPki, loadTls } from '@esinet/platform';
import { type LoopbackAgent, loopbackAgent } from '@esinet/testing';

export interface Answer {
  readonly status: number;
  readonly body: object;
}

/**
 * A PSAP of ours, a bare APP, and a PSAP of somebody else with which there is an agreement: what it answers is up to a
 * spec.
 */
export interface Http3Pair {
  readonly app: LoopbackAgent;
  /** To the centre `madrid`, straight. */
  send(draft: {
    readonly headers: readonly (readonly [string, string])[];
    readonly contentType?: string;
    readonly body: string;
  }): Promise<number>;
  readonly api: string;
  /** https base of ours. */
  readonly url: string;
  /** Asks ours, with the certificate of the agreement. */
  readonly peer: ReturnType<typeof transferClient>;
  /** The same with the certificate of somebody else of the lab. */
  readonly stranger: ReturnType<typeof transferClient>;
  /** What ours has asked. */
  readonly asked: { readonly path: string; readonly body: Record<string, unknown> }[];
  answer: (path: string, body: Record<string, unknown>) => Answer | Promise<Answer>;
  /** The other PSAP's server also gives out a block of additional data; who fetched it, by the names of its certificate. */
  readonly dataUrl: string;
  readonly fetched: string[];
  close(): Promise<void>;
}

const providerInfo = `<?xml version="1.0"?>
<d:EmergencyCallData.ProviderInfo xmlns:d="urn:ietf:params:xml:ns:EmergencyCallData:ProviderInfo">
  <d:DataProviderReference>1@provider.lab</d:DataProviderReference>
  <d:DataProviderString>A provider of the lab</d:DataProviderString>
  <d:ContactURI>tel:+34600000000</d:ContactURI>
</d:EmergencyCallData.ProviderInfo>`;

export async function startHttp3Pair(): Promise<Http3Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'http-3-'));
  const pki = join(folder, 'pki');
  await ensureLabPki({ folder: pki });
  const records = await LevelRecords.open(join(folder, 'records'));
  const app = await loopbackAgent();
  const theirs = await loadTls(pki, 'handover');
  const asked: Http3Pair['asked'] = [];
  const fetched: string[] = [];

  const server = createServer(
    { ...theirs, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      if (request.method === 'GET') {
        fetched.push((request.socket as TLSSocket).getPeerCertificate().subjectaltname ?? '');
        response.writeHead(200, { 'content-type': 'application/EmergencyCallData.ProviderInfo+xml' });
        response.end(providerInfo);
        return;
      }
      void (async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk as Buffer);
        const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
        const path = request.url ?? '';
        asked.push({ path, body });
        const answer = await pair.answer(path, body);
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer.body));
      })();
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const theirHost = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const config = psapConfigSchema.parse({
    listeners: [{ name: 'psap-tcp', transport: 'tcp', port: 0 }],
    http: { port: 0 },
    outboundProxy: `tcp:127.0.0.1:${app.port('tcp')}`,
    centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid' }],
    script: 'none',
    additionalData: { allowedHosts: [theirHost] },
    drain: 0,
    transfer: {
      accept: 'auto',
      agreements: [
        {
          name: 'neighbour',
          uris: ['sip:*@handover.esinet.lab'],
          url: `https://${theirHost}`,
          sanUri: 'sip:handover.esinet.lab',
        },
      ],
    },
  });
  const platform = { logger: silentLogger, clock: systemClock, records };
  const psap = await startPsap(config, platform, { tls: await loadTls(pki, 'psap') });
  const port = psap.get<SipEdge>(SipEdge).port('psap-tcp') ?? 0;
  const peer = transferClient({ tls: theirs });
  const stranger = transferClient({ tls: await loadTls(pki, 'app') });
  const pair: Http3Pair = {
    app,
    api: `http://127.0.0.1:${psap.http.port}/api/chats`,
    url: `https://127.0.0.1:${psap.http.port}`,
    peer,
    stranger,
    asked,
    dataUrl: `//${theirHost}/data`,
    fetched,
    answer: () => ({ status: 500, body: {} }),
    async send(draft) {
      const outcome = await app.send({
        method: 'MESSAGE',
        uri: 'sip:madrid@psap.esinet.internal',
        from: '<sip:ana@provider.lab>;tag=a',
        to: 'urn:service:sos',
        contentType: 'text/plain; charset=utf-8',
        ...draft,
        destination: { transport: 'tcp', address: '127.0.0.1', port },
      });
      return outcome.kind === 'response' ? outcome.message.status : 0;
    },
    async close() {
      peer.close();
      stranger.close();
      await psap.close();
      server.closeAllConnections();
      server.close();
      await app.stop();
      await records.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return pair;
}
