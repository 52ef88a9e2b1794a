import type { AgentOptions } from 'node:https';
import { type PeerCertificate, checkServerIdentity } from 'node:tls';
import {
  type HttpExchangeAnswer,
  HttpsAgent,
  type HttpsCredentials,
  type Result,
  err,
  httpExchange,
  ok,
} from '@esinet/kernel';
import { agreementOfNames } from './agreement.js';
import { certificateNames } from './certificate-names.js';
import {
  type ExecutionRequest,
  type ExecutionResponse,
  type NegotiationRequest,
  type NegotiationResponse,
  parseJson,
  readExecutionResponse,
  readNegotiationResponse,
} from './messages.js';

/** Why there is no answer of the peer. A 406 or 503 in the form of the schema is an answer. */
export interface TransferFailure {
  readonly code: 'timeout' | 'unreachable' | 'certificate' | 'refused' | 'malformed' | 'too-large';
  readonly message: string;
  /** With `refused`: the HTTP status. */
  readonly status?: number;
}

/** Whether asking again cannot help: the peer refuses us or our request (HTTP 4xx), and not just for now. */
export function isFinalFailure({ code, status = 0 }: TransferFailure): boolean {
  return code === 'refused' && status >= 400 && status < 500 && !forNow.includes(status);
}

/** RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. */
const forNow = [408, 425, 429];

/** What the peer's certificate must have among its names; without it the host of the URL. */
export interface ExpectedPeer {
  readonly sanUri?: string;
}

export interface TransferPeer {
  /** `url` is the https base of the agreement. */
  negotiate(
    url: string,
    request: NegotiationRequest,
    peer?: ExpectedPeer,
  ): Promise<Result<NegotiationResponse, TransferFailure>>;
  /** Waits no longer than the ExpiryTime of the request. */
  execute(
    url: string,
    request: ExecutionRequest,
    peer?: ExpectedPeer,
  ): Promise<Result<ExecutionResponse, TransferFailure>>;
}

export interface TransferClientOptions {
  /** Our own certificate, and the authority of the peer's. PEM. */
  readonly tls: Required<Pick<HttpsCredentials, 'key' | 'cert' | 'ca'>> & HttpsCredentials;
  /** Whole time for a negotiation: a call taker of the peer may have to decide. */
  readonly timeoutMs?: number;
}

export const NEGOTIATION_TIMEOUT_MS = 45_000;
/** Octets of answer accepted. */
const MAX_ANSWER_BYTES = 65_536;
/** Peers whose connections are kept. */
const MAX_AGENTS = 100;

/** HTTP-3 over https with both certificates (TS 103 698 6.3). Nothing is thrown and no redirect is followed. */
export function transferClient(o: TransferClientOptions): TransferPeer & { close(): void } {
  const timeoutMs = o.timeoutMs ?? NEGOTIATION_TIMEOUT_MS;
  const agents = new Map<string, HttpsAgent>();
  const agentFor = (sanUri = ''): HttpsAgent => {
    const known = agents.get(sanUri);
    if (known) return known;
    for (const [oldest, agent] of agents) {
      if (agents.size < MAX_AGENTS) break;
      agents.delete(oldest);
      agent.destroy();
    }
    const options: AgentOptions = {
      keepAlive: true,
      minVersion: 'TLSv1.2',
      ciphers: 'DEFAULT@SECLEVEL=2',
      checkServerIdentity: (host, certificate) => identityError(host, certificate, sanUri),
    };
    const agent = new HttpsAgent(options, o.tls);
    agents.set(sanUri, agent);
    return agent;
  };

  const post = async <A extends { readonly CallId: string; readonly StatusCode: number }>(
    url: string,
    request: { readonly CallId: string },
    read: (value: unknown) => Result<A, string[]>,
    more: { readonly timeoutMs: number; readonly peer: ExpectedPeer | undefined },
  ): Promise<Result<A, TransferFailure>> => {
    if (!url.toLowerCase().startsWith('https://')) {
      return err({ code: 'unreachable', message: 'HTTP-3 is spoken over https alone' });
    }
    const answer = await httpExchange({
      method: 'POST',
      url,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, application/problem+json' },
      body: JSON.stringify(request),
      timeoutMs: more.timeoutMs,
      maxBytes: MAX_ANSWER_BYTES,
      agent: agentFor(more.peer?.sanUri),
    });
    if (!answer.ok) {
      const { code, message } = answer.error;
      if (code === 'unreachable' && isCertificateError(message)) return err({ code: 'certificate', message });
      return err({ code: code === 'aborted' ? 'unreachable' : code, message });
    }
    return readAnswer(answer.value, request.CallId, read);
  };

  return {
    negotiate: (url, request, peer) =>
      post(`${base(url)}/chat-transfer/negotiation`, request, readNegotiationResponse, { timeoutMs, peer }),
    execute: (url, request, peer) =>
      post(`${base(url)}/chat-transfer/execution`, request, readExecutionResponse, {
        timeoutMs: request.ExpiryTime * 1_000,
        peer,
      }),
    close: () => {
      for (const agent of agents.values()) agent.destroy();
      agents.clear();
    },
  };
}

function readAnswer<A extends { readonly CallId: string; readonly StatusCode: number }>(
  { status, headers, body }: HttpExchangeAnswer,
  callId: string,
  read: (value: unknown) => Result<A, string[]>,
): Result<A, TransferFailure> {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    return err({ code: 'refused', message: `HTTP status ${status}`, status });
  }
  const parsed = parseJson(body);
  const value = parsed ? read(parsed.value) : err(['is not JSON']);
  if (!value.ok) return err({ code: 'malformed', message: value.error[0] ?? 'does not satisfy its schema' });
  if (value.value.CallId !== callId) return err({ code: 'malformed', message: 'answer to another chat' });
  if (value.value.StatusCode !== status) {
    return err({
      code: 'malformed',
      message: `StatusCode ${value.value.StatusCode} with HTTP status ${status}`,
    });
  }
  return ok(value.value);
}

function identityError(host: string, certificate: PeerCertificate, sanUri: string): Error | undefined {
  if (sanUri === '') return checkServerIdentity(host, certificate);
  if (agreementOfNames([{ sanUri }], certificateNames(certificate.subjectaltname ?? ''))) return undefined;
  return Object.assign(new Error('the certificate does not have the name of the agreement'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
}

const certificateErrors = [
  'ERR_TLS_',
  'ERR_SSL_',
  'CERT_',
  'UNABLE_TO_',
  'SELF_SIGNED_',
  'DEPTH_ZERO_',
  'EPROTO',
];

function isCertificateError(message: string): boolean {
  return certificateErrors.some((prefix) => message.startsWith(prefix));
}

function base(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
