import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
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

/** A PSAP of ours, a bare APP, and a PSAP of somebody else with which there is an agreement: what it answers is up to a spec. */
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
  close(): Promise<void>;
}

export async function startHttp3Pair(): Promise<Http3Pair> {
  const folder = await mkdtemp(join(tmpdir(), 'http-3-'));
  const pki = join(folder, 'pki');
  await ensureLabPki({ folder: pki });
  const records = await LevelRecords.open(join(folder, 'records'));
  const app = await loopbackAgent();
  const theirs = await loadTls(pki, 'handover');
  const asked: Http3Pair['asked'] = [];

  const server = createServer(
    { ...theirs, requestCert: true, rejectUnauthorized: true },
    (request, response) => {
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

  const config = psapConfigSchema.parse({
    listeners: [{ name: 'psap-tcp', transport: 'tcp', port: 0 }],
    http: { port: 0 },
    outboundProxy: `tcp:127.0.0.1:${app.port('tcp')}`,
    centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid' }],
    script: 'none',
    drain: 0,
    transfer: {
      accept: 'auto',
      agreements: [
        {
          name: 'neighbour',
          uris: ['sip:*@handover.esinet.lab'],
          url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
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
