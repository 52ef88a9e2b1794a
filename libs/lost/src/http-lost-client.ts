import { Agent as HttpAgent } from 'node:http';
import type { LookupFunction } from 'node:net';
import {
  type HttpExchangeError,
  HttpsAgent,
  type HttpsCredentials,
  type Result,
  err,
  httpExchange,
} from '@esinet/kernel';
import { LOST_CONTENT_TYPE, type LostAnswer, type LostRequest } from './messages.js';
import { lostAnswerTo } from './answer-to.js';
import { writeLostRequest } from './write-request.js';

/** Why there is no LoST answer. A LoST error or redirect is an answer, not one of these. */
export interface LostClientError {
  readonly code: 'timeout' | 'unreachable' | 'http' | 'malformed' | 'too-large' | 'aborted';
  readonly message: string;
  /** With `http`: the status. */
  readonly status?: number;
  /** With `http` and a 3xx: where it points. It was not followed. */
  readonly location?: string;
}

export interface LostClient {
  ask(request: LostRequest, options?: { signal?: AbortSignal }): Promise<Result<LostAnswer, LostClientError>>;
}

export interface HttpLostClientOptions {
  readonly url: string;
  /** Whole time for one question, connection included. Default 1,500 ms. */
  readonly timeoutMs?: number;
  /** Octets of answer accepted: boundaries by value are long. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Brings its own TLS settings where the URL is https. Without it a keep-alive agent is made. */
  readonly agent?: HttpAgent;
  /** PEM. For an https URL and no `agent`. */
  readonly tls?: HttpsCredentials;
  /** Name resolution, where it is not the system's. */
  readonly lookup?: LookupFunction;
}

export const LOST_TIMEOUT_MS = 1_500;
export const LOST_MAX_ANSWER_BYTES = 1_048_576;
/** Connections kept open to one server. */
const MAX_SOCKETS = 32;

/** LoST over HTTP, RFC 5222 section 14. Nothing is thrown and no redirect is followed: the caller decides. */
export function httpLostClient(o: HttpLostClientOptions): LostClient & { close(): void } {
  const timeoutMs = o.timeoutMs ?? LOST_TIMEOUT_MS;
  const maxBytes = o.maxBytes ?? LOST_MAX_ANSWER_BYTES;
  const kept = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(o.lookup ? { lookup: o.lookup } : {}) };
  const own = o.agent
    ? undefined
    : o.url.startsWith('https:')
      ? new HttpsAgent(kept, o.tls)
      : new HttpAgent(kept);
  const agent = o.agent ?? own;
  return {
    async ask(request, options = {}) {
      const answer = await httpExchange({
        method: 'POST',
        url: o.url,
        headers: {
          'Content-Type': `${LOST_CONTENT_TYPE};charset=utf-8`,
          Accept: LOST_CONTENT_TYPE,
          'Cache-Control': 'no-cache',
        },
        body: writeLostRequest(request),
        timeoutMs,
        maxBytes,
        ...(agent ? { agent } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (!answer.ok) return err<LostClientError>(answer.error satisfies HttpExchangeError);
      const { status, headers, body } = answer.value;
      if (status < 200 || status > 299) {
        return err<LostClientError>({
          code: 'http',
          message: `HTTP status ${status}`,
          status,
          ...(status >= 300 && status < 400 && headers.location ? { location: headers.location } : {}),
        });
      }
      return lostAnswerTo(request, body, maxBytes);
    },
    close: () => own?.destroy(),
  };
}
