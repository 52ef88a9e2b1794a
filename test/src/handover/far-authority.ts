import { createHash } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import { type AddressInfo } from 'node:net';
import { type DeliverMessage, errorCodes, readMessage, writeResponseMessage } from '@esinet/handover';
import type { TlsOptions } from '@esinet/platform';

/** What an authority does with a request beside taking it: one word for each request to come, in order. */
export type Mood =
  | 'take'
  /** An answer of HTTP, of a proxy, of nobody. */
  | '500' | 'html' | 'empty' | 'cut' | 'cut-after' | 'hang'
  /** Answers of TS 103 120 that are wrong. */
  | 'other-transaction' | 'half' | 'other-object'
  /** `error-3003`: refuses the message with that code. */
  | `error-${number}`; // prettier-ignore

/** One thing that had an effect there, the first time that it did. */
export interface Effect {
  readonly kind: 'object' | 'binary';
  /** Of the DeliveryObject, or of the binary object. */
  readonly id: string;
  readonly reference: string;
  readonly sequenceNumber: number;
  readonly lastSequence: boolean;
  /** SHA-256, hexadecimal, of the document or the octets. */
  readonly digest: string;
}

/** An authority that keeps what comes, and knows what it has had before (TS 103 120 Annex D, 3010). */
export class FarAuthority {
  readonly effects: Effect[] = [];
  /** What was wrong with what came, in the eyes of the authority. */
  readonly complaints: string[] = [];
  readonly documents: Buffer[] = [];
  readonly moods: Mood[] = [];
  requests = 0;
  /** Called around each effect: a place to kill the sender at. */
  around: (moment: 'before' | 'after') => void = () => undefined;
  readonly #objects = new Map<string, string>();
  readonly #transactions = new Map<string, string>();
  /** Checksums of the binary objects that were announced, by id. */
  readonly #announced = new Map<
    string,
    { readonly checksum: string; readonly contentType: string; readonly reference: string }
  >();
  readonly #server: Server;
  readonly #hanging = new Set<ServerResponse>();

  private constructor(tls: TlsOptions) {
    this.#server = createServer({
      ...tls,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
    });
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      this.#answer(request, response).catch((error: unknown) => this.complaints.push(String(error)));
    };
    this.#server.on('request', answer);
    this.#server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
      const id = binaryId(request.url);
      // Octets are wanted once their DeliveryObject was there (C.3).
      if (!this.#announced.has(id)) return void response.writeHead(404).end();
      // What is there already is not sent again.
      if (this.#has(id)) return void response.writeHead(409).end();
      if (this.moods[0] === '500') return answer(request, response);
      response.writeContinue();
      answer(request, response);
    });
  }

  static async open(tls: TlsOptions): Promise<FarAuthority> {
    const authority = new FarAuthority(tls);
    await new Promise<void>((resolve) => authority.#server.listen(0, '127.0.0.1', resolve));
    return authority;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const response of this.#hanging) response.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++;
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return; // The sender died while it sent.
    }
    const body = Buffer.concat(chunks);
    const mood = this.moods.shift() ?? 'take';
    if (mood === 'cut') return void response.destroy();
    if (mood === 'hang') return void this.#hanging.add(response);
    if (mood === '500') return void response.writeHead(500).end();
    if (mood === 'empty') return void response.writeHead(200).end();
    if (mood === 'html') {
      return void response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end('<html><body>Bad Gateway</body></html>');
    }
    if (request.url?.startsWith('/binaryData/')) return this.#octets(request, body, response);
    const read = readMessage(body);
    if (!read.ok || read.value.kind !== 'deliver') {
      this.complaints.push(read.ok ? 'no delivery' : read.error.message);
      return void response.writeHead(400).end();
    }
    const answer = this.#taken(read.value, body, mood);
    if (mood === 'cut-after') return void response.destroy();
    response.writeHead(200, { 'Content-Type': 'text/xml; charset=utf-8' }).end(answer);
  }

  #taken(message: DeliverMessage, body: Buffer, mood: Mood): string {
    const { header, objects } = message;
    const respond = (outcome: Parameters<typeof writeResponseMessage>[0]['outcome']): string =>
      writeResponseMessage({ kind: 'response', header: this.#header(header, mood), outcome });
    if (mood.startsWith('error-')) {
      return respond({
        kind: 'refused',
        error: { code: Number(mood.slice(6)), description: 'words of theirs' },
      });
    }
    const digest = sha256(body);
    const before = this.#transactions.get(header.transactionId);
    if (before !== undefined && before !== digest)
      this.complaints.push('a transaction came again with other octets');
    this.#transactions.set(header.transactionId, digest);
    const actions = objects.map((object, action) => {
      const { objectId, reference, sequenceNumber = -1, lastSequence = false } = object;
      if (this.#objects.has(objectId)) {
        const error = { code: errorCodes.objectExists, description: 'it is there' };
        return { action, kind: 'failed' as const, error };
      }
      this.around('before');
      this.#objects.set(objectId, digest);
      this.effects.push({
        kind: 'object',
        id: objectId,
        reference: reference.value,
        sequenceNumber,
        lastSequence,
        digest,
      });
      for (const { url, checksum = '', contentType = '' } of object.items.flatMap((item) => item.objects)) {
        const binary = { checksum, contentType, reference: reference.value };
        this.#announced.set(binaryId(new URL(url).pathname), binary);
      }
      return {
        action,
        kind: 'delivered' as const,
        objectId: mood === 'other-object' ? header.transactionId : objectId,
      };
    });
    this.documents.push(body);
    this.around('after');
    return respond({ kind: 'actions', actions: mood === 'half' ? actions.slice(1) : actions });
  }

  #header(header: DeliverMessage['header'], mood: Mood): DeliverMessage['header'] {
    const transactionId =
      mood === 'other-transaction' ? '99999999-2222-4333-8444-555555555555' : header.transactionId;
    return { ...header, sender: header.receiver, receiver: header.sender, transactionId };
  }

  #has(id: string): boolean {
    return this.effects.some((effect) => effect.kind === 'binary' && effect.id === id);
  }

  #octets(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const id = binaryId(request.url);
    const announced = this.#announced.get(id);
    if (!announced) return void response.writeHead(404).end();
    if (this.#has(id)) return void response.writeHead(409).end();
    if (request.headers.expect !== '100-continue') this.complaints.push('octets without Expect');
    if (request.headers['content-type'] !== announced.contentType) this.complaints.push('another MIME type');
    if (Number(request.headers['content-length']) !== body.length) this.complaints.push('no Content-Length');
    if (sha256(body) !== announced.checksum) this.complaints.push('octets that do not fit their checksum');
    this.around('before');
    const { reference } = announced;
    this.effects.push({
      kind: 'binary',
      id,
      reference,
      sequenceNumber: 0,
      lastSequence: false,
      digest: sha256(body),
    });
    this.around('after');
    response.writeHead(204).end();
  }
}

function binaryId(path = ''): string {
  return path.split('/').filter(Boolean).at(-1) ?? '';
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
