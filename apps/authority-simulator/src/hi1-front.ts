import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { messageOf } from '@esinet/kernel';
import { mostOctets } from './agreement.js';
import { damagedAnswer, endDamaged } from './damage.js';
import type { Fault, Faults } from './faults.js';
import type { Intake, SimulatorEvent } from './intake.js';
import type { AuthorityDesk } from './authority-desk.js';

/** What TLS needs of the authority. */
export interface AuthorityTls {
  readonly key: string;
  readonly cert: string;
  readonly ca: string;
}

interface FrontPorts {
  readonly tls: AuthorityTls;
  readonly desk: AuthorityDesk;
  readonly intake: Intake;
  readonly faults: Faults;
  /** Whether this certificate, by its SHA-256 in small hexadecimal digits, is that of the provider we know. */
  readonly isProvider: (fingerprint: string) => Promise<boolean>;
  readonly happened: (event: SimulatorEvent) => void;
}

const objectPath = /^\/objects\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/?$/;

/**
 * The HTTPS side: `POST /hi1` takes documents (TS 103 120 9.3), `POST /objects/{uuid}/` takes octets of objects that were
 * announced, after `Expect: 100-continue` (TS 103 707 C.3). Both ends show certificates (clause 7).
 */
export function hi1Front(o: FrontPorts): Server {
  const { key, cert, ca } = o.tls;
  const server = createServer({
    ...{ key, cert, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
  });
  const handle =
    (expects: boolean) =>
    (request: IncomingMessage, response: ServerResponse): void => {
      request.on('error', () => undefined);
      response.on('error', () => undefined);
      void answer(request, response, expects, o).catch((error: unknown) => {
        if (!response.headersSent) plain(response, 500, messageOf(error));
      });
    };
  server.on('request', handle(false));
  server.on('checkContinue', handle(true));
  server.on('tlsClientError', () => undefined);
  return server;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  expects: boolean,
  o: FrontPorts,
): Promise<void> {
  const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
  const fingerprint = createHash('sha256')
    .update(certificate?.raw ?? '')
    .digest('hex');
  if (!(await o.isProvider(fingerprint))) {
    o.happened({ kind: 'stranger', fingerprint });
    return plain(response, 403, 'not the certificate of a provider we know');
  }
  const path = (request.url ?? '').replace(/\?.*$/, '');
  const id = objectPath.exec(path)?.[1];
  if (request.method !== 'POST' || (path !== '/hi1' && id === undefined)) {
    return plain(response, 404, 'POST /hi1 or /objects/{uuid}/');
  }
  if (id !== undefined) return takeObject(id, request, response, expects, o);
  if (expects) response.writeContinue();
  const body = await bodyOf(request);
  if (body === undefined) return plain(response, 413, `more than ${mostOctets} octets`);
  return takeDocument(body, response, o);
}

async function takeDocument(body: Buffer, response: ServerResponse, o: FrontPorts): Promise<void> {
  const ordered = o.faults.take('document');
  if (ordered) o.happened({ kind: 'fault', fault: ordered.text });
  const fault = ordered?.fault;
  if (fault && !fault.keeps && fault.kind !== 'error') return endDamaged(response, fault);
  const error = fault?.kind === 'error' ? fault.error : undefined;
  const { reception, answer: text } = await o.intake.document(body, error);
  if (fault && fault.kind !== 'error') return damagedAnswer(response, fault, reception, text);
  xml(response, text);
}

async function takeObject(
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
  expects: boolean,
  o: FrontPorts,
): Promise<void> {
  const refuse = (status: number, why: string): void => {
    o.happened({ kind: 'object-refused', id, status, why });
    plain(response, status, why);
  };
  if (!expects) {
    await o.intake.note({ kind: 'no-expect', message: `${id}: without Expect: 100-continue` });
    return refuse(400, 'Expect: 100-continue is needed (TS 103 707 C.3)');
  }
  const expectation = o.desk.objects.expectation(id);
  // It may overtake its document: the sender comes again.
  if (expectation === 'unknown') return refuse(404, 'no document has announced it');
  if (expectation === 'here') return refuse(409, 'it is here already');
  const ordered = o.faults.take('object');
  if (ordered) o.happened({ kind: 'fault', fault: ordered.text });
  const fault: Fault | undefined = ordered?.fault;
  if (fault?.kind === 'refuse') return refuse(404, 'as ordered');
  if (fault && !fault.keeps) return endDamaged(response, fault);
  response.writeContinue();
  const octets = await bodyOf(request);
  if (octets === undefined) return refuse(413, `more than ${mostOctets} octets`);
  const problem = await o.intake.object(id, octets, {
    ...{ contentType: request.headers['content-type'], how: 'posted' },
  });
  if (fault) return endDamaged(response, fault);
  if (problem !== undefined) return refuse(422, problem);
  response.writeHead(201, { 'Cache-Control': 'no-store' }).end();
}

/** All of it, or undefined where it is more than is read; rejects where the sender goes away. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostOctets) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function xml(response: ServerResponse, text: string): void {
  response
    .writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(text);
}

export function plain(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
    .end(`${text}\n`);
}
