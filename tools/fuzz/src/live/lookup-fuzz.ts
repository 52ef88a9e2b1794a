import { Agent, request } from 'node:http';
import { mutate } from '../mutate.js';
import { findService, locationRequest } from './corpus.js';
import type { LabProcess } from './lab-process.js';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

const answerMs = 5_000;
const atOnce = 8;

/** Sends mutated documents to the LoST and the HELD server; gives what was wrong. */
export async function fuzzLookups(lab: LabProcess, count: number, random: () => number): Promise<string[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const faults: string[] = [];
  const servers = [
    {
      name: 'ECRF',
      port: lab.port(15_222),
      path: '/lost',
      type: 'application/lost+xml',
      document: findService,
    },
    {
      name: 'LIS',
      port: lab.port(15_985),
      path: '/held',
      type: 'application/held+xml',
      document: locationRequest,
    },
  ];
  const bodies = Array.from({ length: count }, (_, i) => ({
    server: servers[i % servers.length],
    body: mutate(Buffer.from(servers[i % servers.length]?.document ?? ''), random),
  }));
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < bodies.length; i = next++) {
      const { server, body } = bodies[i] ?? {};
      if (!server || !body) continue;
      const answer = await post(server, body, agent);
      if (typeof answer === 'string')
        faults.push(`${server.name}: ${answer}: ${body.toString('base64').slice(0, 2_000)}`);
      else if (answer.status >= 500)
        faults.push(`${server.name}: ${answer.status}: ${body.toString('base64').slice(0, 2_000)}`);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  for (const [server, expected] of [
    [servers[0], 'sip:madrid@psap.esinet.internal'],
    [servers[1], 'presence'],
  ] as const) {
    const answer = server ? await post(server, Buffer.from(server.document), agent) : 'no server';
    if (typeof answer === 'string' || answer.status !== 200 || !answer.body.includes(expected)) {
      faults.push(`${server?.name}: a proper query is not answered: ${JSON.stringify(answer).slice(0, 500)}`);
    }
  }
  agent.destroy();
  return faults;
}

function post(
  server: { readonly port: number; readonly path: string; readonly type: string },
  body: Buffer,
  agent: Agent,
): Promise<Answer | string> {
  return new Promise((resolve) => {
    const { port, path, type } = server;
    const asked = request(
      {
        agent,
        host: '127.0.0.1',
        port,
        path,
        method: 'POST',
        timeout: answerMs,
        headers: { 'content-type': type, 'content-length': body.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    asked.on('timeout', () => asked.destroy(new Error(`no answer within ${answerMs} ms`)));
    // A body over the limit is refused before it is read: the connection ends under what is still being written.
    asked.on('error', (error) => resolve(body.length > 65_536 ? { status: 413, body: '' } : error.message));
    asked.end(body);
  });
}
