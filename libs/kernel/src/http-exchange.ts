import { request as httpRequest, type Agent, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Result, err, ok } from './result.js';
import { messageOf } from './logger.js';

export interface HttpExchangeOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** An `http:` or `https:` URL. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** From the call to the last byte of the answer, name resolution and connection included. Milliseconds. */
  readonly timeoutMs: number;
  /** Octets of answer body accepted. */
  readonly maxBytes: number;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

export interface HttpExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpExchangeError {
  readonly code: 'timeout' | 'unreachable' | 'too-large' | 'aborted';
  readonly message: string;
}

/**
 * One HTTP request and its whole answer, bounded in time and size. Redirects are reported like any other status and
 * never followed. Nothing is thrown. A kept-alive connection that the far side closed meanwhile is replaced once.
 */
export async function httpExchange(
  o: HttpExchangeOptions,
): Promise<Result<HttpExchangeAnswer, HttpExchangeError>> {
  const deadline = performance.now() + o.timeoutMs;
  const first = await attempt(o, o.timeoutMs);
  if (first !== 'stale') return first;
  const second = await attempt(o, Math.max(1, deadline - performance.now()));
  return second === 'stale'
    ? err({ code: 'unreachable', message: 'connection closed twice before an answer' })
    : second;
}

function attempt(
  o: HttpExchangeOptions,
  timeoutMs: number,
): Promise<Result<HttpExchangeAnswer, HttpExchangeError> | 'stale'> {
  return new Promise((resolve) => {
    let settled = false;
    let timer: NodeJS.Timeout | undefined;
    let cancel: (() => void) | undefined;
    const onAbort = (): void => finish(err({ code: 'aborted', message: 'no longer wanted' }));
    const finish = (result: Result<HttpExchangeAnswer, HttpExchangeError> | 'stale'): void => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', onAbort);
      cancel?.();
      resolve(result);
    };
    if (o.signal?.aborted) return onAbort();
    timer = setTimeout(
      () => finish(err({ code: 'timeout', message: `no answer in ${o.timeoutMs} ms` })),
      timeoutMs,
    );
    o.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const body = o.body === undefined ? undefined : Buffer.from(o.body);
      const url = new URL(o.url);
      const options: RequestOptions = {
        method: o.method,
        headers: { ...o.headers, ...(body ? { 'Content-Length': String(body.length) } : {}) },
        ...(o.agent ? { agent: o.agent } : {}),
      };
      const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
      cancel = () => request.destroy();
      request.on('error', (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        finish(stale ? 'stale' : err({ code: 'unreachable', message: error.code ?? messageOf(error) }));
      });
      request.on('response', (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > o.maxBytes)
            finish(err({ code: 'too-large', message: `answer exceeds ${o.maxBytes} octets` }));
          else chunks.push(chunk);
        });
        response.on('error', (error) => finish(err({ code: 'unreachable', message: messageOf(error) })));
        response.on('close', () =>
          finish(err({ code: 'unreachable', message: 'connection closed within the answer' })),
        );
        response.on('end', () => {
          if (!response.complete) return;
          // The connection goes back to the agent: it must not be destroyed.
          cancel = undefined;
          finish(
            ok({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
          );
        });
      });
      request.end(body);
    } catch (error) {
      finish(err({ code: 'unreachable', message: messageOf(error) }));
    }
  });
}
