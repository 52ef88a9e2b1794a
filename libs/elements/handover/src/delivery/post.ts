import type { Agent } from 'node:https';
import { request as httpsRequest } from 'node:https';
import { httpExchange } from '@esinet/kernel';
import type { Exchange } from './attempt.js';

/** Largest answer that is read: an HI1Message with a response for each action. */
const maxAnswerBytes = 1_048_576;

/** POSTs an HI1Message. TS 103 120 9.3 */
export async function postDocument(
  url: string,
  bytes: Buffer,
  o: {
    readonly agent: Agent;
    readonly timeoutMs: number;
    /** Cut at once when it fires: nothing more may leave. */
    readonly signal?: AbortSignal;
  },
): Promise<Exchange> {
  const exchange = await httpExchange({
    ...{ method: 'POST', url, body: bytes, agent: o.agent, timeoutMs: o.timeoutMs, maxBytes: maxAnswerBytes },
    headers: { 'Content-Type': 'text/xml; charset=utf-8', 'Cache-Control': 'no-store' },
    ...(o.signal && { signal: o.signal }),
  });
  if (exchange.ok) return { kind: 'answered', status: exchange.value.status, body: exchange.value.body };
  const { code, message } = exchange.error;
  const neverThere = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH'].includes(message);
  return {
    kind: 'failed',
    reason: reasonOf(code, message),
    mayHaveArrived: !neverThere && !isCertificate(message),
  };
}

/**
 * POSTs an object's octets after its DeliveryObject (Model B, TS 103 707 C.3). They leave only when the receiver says
 * that it will take them: `Expect: 100-continue`.
 */
export function postObject(
  url: string,
  octets: Buffer,
  o: {
    readonly contentType: string;
    readonly agent: Agent;
    /** How long the receiver may think before it says go on, and how long all of it may take. */
    readonly continueMs: number;
    readonly timeoutMs: number;
    readonly signal?: AbortSignal;
  },
): Promise<Exchange> {
  return new Promise((resolve) => {
    let asked = false;
    const finish = (exchange: Exchange): void => {
      clearTimeout(timer);
      o.signal?.removeEventListener('abort', stop);
      resolve(exchange);
    };
    const stop = (): void => {
      finish({ kind: 'failed', reason: 'aborted', mayHaveArrived: asked });
      request.destroy();
    };
    if (o.signal?.aborted) {
      resolve({ kind: 'failed', reason: 'aborted', mayHaveArrived: false });
      return;
    }
    const request = httpsRequest(url, {
      method: 'POST',
      agent: o.agent,
      headers: {
        'Content-Type': o.contentType,
        'Content-Length': String(octets.length),
        'Cache-Control': 'no-store',
        Expect: '100-continue',
      },
    });
    const giveUp = (): void => {
      finish({ kind: 'failed', reason: 'timeout', mayHaveArrived: asked });
      request.destroy();
    };
    let timer = setTimeout(giveUp, o.continueMs);
    o.signal?.addEventListener('abort', stop);
    request.on('continue', () => {
      asked = true;
      clearTimeout(timer);
      timer = setTimeout(giveUp, o.timeoutMs);
      request.end(octets);
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size <= maxAnswerBytes) chunks.push(chunk);
      });
      response.on('end', () => {
        finish({ kind: 'answered', status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
        // Answered without a word for the body: it is not wanted, and does not leave.
        if (!asked) request.destroy();
      });
      response.on('error', () => finish({ kind: 'failed', reason: 'cut', mayHaveArrived: asked }));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      finish({ kind: 'failed', reason: reasonOf('unreachable', error.code ?? ''), mayHaveArrived: asked });
    });
    request.flushHeaders();
  });
}

function reasonOf(code: string, message: string): string {
  if (code !== 'unreachable') return code;
  if (message === 'ECONNREFUSED') return 'refused';
  return isCertificate(message) ? 'certificate' : 'cut';
}

/** Codes of OpenSSL and Node for a certificate that is not believed, ours or theirs. */
function isCertificate(message: string): boolean {
  return /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|ERR_SSL|EPROTO/.test(message);
}
