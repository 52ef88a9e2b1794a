import { type Logger, type Result, messageOf, silentLogger } from '@esinet/kernel';
import { type Agreement, agreementOfNames, covers } from './agreement.js';
import {
  type ExecutionRequest,
  type ExecutionResponse,
  type NegotiationRequest,
  type NegotiationResponse,
  parseJson,
  readExecutionRequest,
  readNegotiationRequest,
} from './messages.js';
import { historySchema, transferSchemas } from './schemas.js';

/** What answers the two requests of HTTP-3. The peer is who showed a certificate of the agreement. */
export interface TransferHandler {
  negotiate(request: NegotiationRequest, peer: Agreement): Promise<NegotiationResponse>;
  /** `undefined`: not known within the ExpiryTime of the request. The peer gets 504 and may ask again. */
  execute(request: ExecutionRequest, peer: Agreement): Promise<ExecutionResponse | undefined>;
}

export interface TransferHttpRequest {
  /** Without the query. */
  readonly path: string;
  readonly method: string;
  readonly contentType: string | undefined;
  readonly body: Buffer;
  /** Names of the client's certificate, as `URI:sip:psap.esinet.internal`. */
  readonly clientNames: readonly string[];
}

export interface TransferHttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface TransferRoutesOptions {
  readonly agreements: readonly Agreement[];
  readonly logger?: Logger;
  /** Octets of a request. */
  readonly maxBodyBytes?: number;
  /** Told of each request that was refused: for counting. */
  readonly onRefused?: (reason: RefusalReason) => void;
}

export type RefusalReason =
  'no-agreement' | 'not-covered' | 'too-large' | 'content-type' | 'not-json' | 'schema' | 'method' | 'failed';

/** A megabyte, as others count it. */
export const maxTransferBytes = 1_000_000;

const paths = {
  negotiation: '/chat-transfer/negotiation',
  execution: '/chat-transfer/execution',
  schemas: '/chat-transfer/schemas/',
} as const;

/** Prefix of all paths of HTTP-3: for a table of routes. */
export const transferPath = '/chat-transfer/';

const schemas = new Map(
  Object.entries({ ...transferSchemas, chathistory: historySchema }).map(([name, schema]) => [
    `${paths.schemas}${name}.json`,
    JSON.stringify(schema),
  ]),
);

/**
 * HTTP-3 (TS 103 698 6.3) without sockets: `POST /chat-transfer/negotiation`, `POST /chat-transfer/execution`, `GET
 * /chat-transfer/schemas/<name>.json`. The HTTP status of an answer is its StatusCode; what is refused before it
 * reaches the handler gets a problem document (RFC 9457) and a log line without content.
 */
export function transferRoutes(
  handler: TransferHandler,
  o: TransferRoutesOptions,
): (request: TransferHttpRequest) => Promise<TransferHttpResponse> {
  const logger = o.logger ?? silentLogger;
  const maxBodyBytes = o.maxBodyBytes ?? maxTransferBytes;

  const refuse = (
    reason: RefusalReason,
    status: number,
    title: string,
    more: {
      readonly problems?: readonly string[];
      readonly peer?: string;
      readonly headers?: Record<string, string>;
    } = {},
  ): TransferHttpResponse => {
    o.onRefused?.(reason);
    logger.warn('chat transfer refused', {
      reason,
      status,
      ...(more.peer !== undefined && { peer: more.peer }),
      ...(more.problems && { problems: more.problems.length, first: more.problems[0] }),
    });
    return problem(status, title, more.problems, more.headers);
  };

  const post = async <Q>(
    request: TransferHttpRequest,
    peer: Agreement,
    read: (value: unknown) => Result<Q, string[]>,
    run: (value: Q) => Promise<{ readonly StatusCode: number } | undefined | TransferHttpResponse>,
  ): Promise<TransferHttpResponse> => {
    const { name } = peer;
    if (request.body.length > maxBodyBytes) {
      return refuse('too-large', 413, `A request has at most ${maxBodyBytes} octets.`, { peer: name });
    }
    if (!isJson(request.contentType)) {
      return refuse('content-type', 415, 'A request is application/json.', { peer: name });
    }
    const parsed = parseJson(request.body);
    if (!parsed) return refuse('not-json', 400, 'The request is not JSON.', { peer: name });
    const value = read(parsed.value);
    if (!value.ok) {
      return refuse('schema', 400, 'The request does not satisfy its schema.', {
        peer: name,
        problems: value.error,
      });
    }
    try {
      const answer = await run(value.value);
      if (answer === undefined) return problem(504, 'What became of the transfer is not known yet.');
      return 'status' in answer ? answer : json(answer.StatusCode, answer);
    } catch (error) {
      logger.error('chat transfer failed', { peer: name, reason: messageOf(error) });
      o.onRefused?.('failed');
      return problem(500, 'The request cannot be dealt with now.');
    }
  };

  return async (request) => {
    const { path, method } = request;
    const schema = schemas.get(path);
    if (schema !== undefined) {
      return method === 'GET' || method === 'HEAD'
        ? { status: 200, headers: { 'content-type': 'application/schema+json' }, body: schema }
        : refuse('method', 405, 'A schema can be read.', { headers: { allow: 'GET, HEAD' } });
    }
    if (path !== paths.negotiation && path !== paths.execution) return problem(404, 'There is nothing here.');
    if (method !== 'POST') {
      return refuse('method', 405, 'A transfer is asked for by POST.', { headers: { allow: 'POST' } });
    }
    const peer = agreementOfNames(o.agreements, request.clientNames);
    if (!peer?.may.includes('receive')) {
      return refuse('no-agreement', 403, 'There is no agreement with you to take chats over.', {
        ...(peer && { peer: peer.name }),
      });
    }
    if (path === paths.execution) {
      return post(request, peer, readExecutionRequest, (value) => handler.execute(value, peer));
    }
    return post(request, peer, readNegotiationRequest, async (value) =>
      covers(peer, value.TransferFrom)
        ? handler.negotiate(value, peer)
        : refuse('not-covered', 403, 'TransferFrom is not a PSAP of the agreement with you.', {
            peer: peer.name,
          }),
    );
  };
}

function json(status: number, value: object): TransferHttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function problem(
  status: number,
  title: string,
  problems?: readonly string[],
  headers: Record<string, string> = {},
): TransferHttpResponse {
  return {
    status,
    headers: { ...headers, 'content-type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', title, status, ...(problems && { problems }) }),
  };
}

function isJson(contentType: string | undefined): boolean {
  return contentType?.split(';')[0]?.trim().toLowerCase() === 'application/json';
}
