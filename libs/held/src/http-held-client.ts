import { Agent as HttpAgent } from 'node:http';
import {
  type HttpExchangeAnswer,
  HttpsAgent,
  type HttpsCredentials,
  type Result,
  err,
  httpExchange,
  ok,
} from '@esinet/kernel';
import { PIDF_CONTENT_TYPE, type PidfLo } from '@esinet/location';
import { readXml } from '@esinet/xml';
import { dereferenceRequest, fail, heldFailure, locationIn } from './answered-location.js';
import { isAllowedHost } from './allowed-hosts.js';
import { HELD_CONTENT_TYPE, type LocationRequest, type LocationResponse } from './messages.js';
import { heldAnswerOf } from './read.js';
import { writeHeldRequest } from './write.js';

/** Why there is no location. */
export interface HeldClientError {
  readonly code:
    | 'not-allowed'
    | 'timeout'
    | 'unreachable'
    | 'http'
    | 'malformed'
    | 'too-large'
    | 'aborted'
    /** The LIS answered with a HELD error: `heldCode` has it. */
    | 'held'
    /** An answer in order, but without a location by value. */
    | 'no-location';
  readonly message: string;
  /** With `http`. */
  readonly status?: number;
  /** With `held`: RFC 5985 section 6.3. */
  readonly heldCode?: string;
}

export interface HeldClient {
  /** Fetches the location behind a location URI (RFC 6753): GET, or POST where a response time is wanted. */
  dereference(
    uri: string,
    o?: { responseTime?: LocationRequest['responseTime']; signal?: AbortSignal },
  ): Promise<Result<PidfLo & { document: string }, HeldClientError>>;
  /** Asks the configured LIS. */
  request(
    r: LocationRequest,
    o?: { signal?: AbortSignal },
  ): Promise<Result<LocationResponse, HeldClientError>>;
}

export interface HttpHeldClientOptions {
  /** The LIS for `request`; its host need not be among `allowedHosts`. */
  readonly url?: string;
  /** Hosts whose location URIs are fetched: `host`, `host:port`, `host:*`, `*.domain:port`. None: nobody's. */
  readonly allowedHosts: readonly string[];
  /** RFC 6753 section 3 wants https unless the network protects otherwise. Default both. */
  readonly schemes?: readonly ('https' | 'http')[];
  /** Whole time, one redirect included. Default 2,000 ms. */
  readonly timeoutMs?: number;
  /** Octets of answer accepted. Default 65,536. */
  readonly maxBytes?: number;
  /** Octets of PIDF-LO accepted. Default 16,384. */
  readonly maxPidfLoBytes?: number;
  /** PEM, for https. */
  readonly tls?: HttpsCredentials;
  /** Bearer token (RFC 6750), sent to allowed hosts only. */
  readonly token?: string;
}

export const HELD_TIMEOUT_MS = 2_000;
export const HELD_MAX_ANSWER_BYTES = 65_536;
export const PIDF_LO_MAX_BYTES = 16_384;
/** Redirects followed for one question, and only to an allowed host. */
const MAX_REDIRECTS = 1;
/** Characters of a location URI. */
const MAX_URI = 2_048;
/** Connections kept open to one server. */
const MAX_SOCKETS = 32;

interface Question {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly body?: string;
  readonly accept: string;
  readonly signal?: AbortSignal;
}

/** HELD over HTTP (RFC 5985 section 8, RFC 6753). Nothing is thrown. */
export function httpHeldClient(o: HttpHeldClientOptions): HeldClient & { close(): void } {
  const timeoutMs = o.timeoutMs ?? HELD_TIMEOUT_MS;
  const maxBytes = o.maxBytes ?? HELD_MAX_ANSWER_BYTES;
  const maxPidfLoBytes = o.maxPidfLoBytes ?? PIDF_LO_MAX_BYTES;
  const schemes = new Set((o.schemes ?? ['https', 'http']).map((s) => `${s}:`));
  const kept = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const http = new HttpAgent(kept);
  const https = new HttpsAgent(kept, o.tls);
  const lis = o.url === undefined ? undefined : urlOf(o.url);

  const allowed = (url: URL): boolean =>
    schemes.has(url.protocol) &&
    (isAllowedHost(url, o.allowedHosts) || (lis !== undefined && url.origin === lis.origin));

  async function ask(question: Question): Promise<Result<Buffer, HeldClientError>> {
    const deadline = performance.now() + timeoutMs;
    let next = question;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await httpExchange({
        method: next.method,
        url: next.url.href,
        headers: {
          Accept: next.accept,
          'Cache-Control': 'no-cache',
          ...(o.token === undefined ? {} : { Authorization: `Bearer ${o.token}` }),
          ...(next.body === undefined ? {} : { 'Content-Type': `${HELD_CONTENT_TYPE};charset=utf-8` }),
        },
        ...(next.body === undefined ? {} : { body: next.body }),
        timeoutMs: Math.max(1, deadline - performance.now()),
        maxBytes,
        agent: next.url.protocol === 'https:' ? https : http,
        ...(next.signal ? { signal: next.signal } : {}),
      });
      if (!answer.ok) return err(answer.error);
      const target = redirectOf(answer.value, next.url);
      if (!target) return bodyOf(answer.value);
      if (redirects >= MAX_REDIRECTS)
        return fail('http', 'redirected too often', { status: answer.value.status });
      // A redirect from https to http would carry the location in the clear.
      if (!allowed(target) || (next.url.protocol === 'https:' && target.protocol !== 'https:')) {
        return fail('not-allowed', 'redirected to a host that is not allowed');
      }
      next = { ...next, url: target };
    }
  }

  return {
    async dereference(uri, options = {}) {
      const url = uri.length <= MAX_URI ? urlOf(uri.trim()) : undefined;
      if (!url) return fail('malformed', 'not a location URI that can be asked over HTTP');
      if (!allowed(url)) return fail('not-allowed', 'host or scheme of the location URI is not allowed');
      const { responseTime, signal } = options;
      const post = responseTime !== undefined;
      const body = await ask({
        method: post ? 'POST' : 'GET',
        url,
        accept: post ? HELD_CONTENT_TYPE : `${PIDF_CONTENT_TYPE}, ${HELD_CONTENT_TYPE};q=0.5`,
        ...(post ? { body: writeHeldRequest(dereferenceRequest(responseTime)) } : {}),
        ...(signal ? { signal } : {}),
      });
      return body.ok ? locationIn(body.value, maxPidfLoBytes) : body;
    },

    async request(r, options = {}) {
      if (!lis) return fail('not-allowed', 'no LIS configured');
      const body = await ask({
        method: 'POST',
        url: lis,
        accept: HELD_CONTENT_TYPE,
        body: writeHeldRequest(r),
        ...(options.signal ? { signal: options.signal } : {}),
      });
      if (!body.ok) return body;
      const document = readXml(body.value, { maxBytes });
      if (!document.ok) return fail('malformed', `XML: ${document.error.code}`);
      const answer = heldAnswerOf(document.value);
      if (!answer.ok) return fail('malformed', answer.error.message);
      if (answer.value.type === 'error') return heldFailure(answer.value);
      const size = answer.value.pidfLo === undefined ? 0 : Buffer.byteLength(answer.value.pidfLo);
      if (size > maxPidfLoBytes) return fail('too-large', `PIDF-LO exceeds ${maxPidfLoBytes} octets`);
      return ok(answer.value);
    },

    close() {
      http.destroy();
      https.destroy();
    },
  };
}

function redirectOf(answer: HttpExchangeAnswer, base: URL): URL | undefined {
  if (answer.status < 300 || answer.status > 399 || answer.headers.location === undefined) return undefined;
  return urlOf(answer.headers.location, base);
}

function bodyOf(answer: HttpExchangeAnswer): Result<Buffer, HeldClientError> {
  if (answer.status >= 200 && answer.status <= 299) return ok(answer.body);
  return fail('http', `HTTP status ${answer.status}`, { status: answer.status });
}

function urlOf(text: string, base?: URL): URL | undefined {
  if (!URL.canParse(text, base?.href)) return undefined;
  const url = new URL(text, base?.href);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url : undefined;
}
