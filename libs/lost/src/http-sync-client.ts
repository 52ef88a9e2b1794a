import { Agent as HttpAgent } from 'node:http';
import { HttpsAgent, type HttpsCredentials, type Result, err, httpExchange, ok } from '@esinet/kernel';
import type { LostClientError } from './http-lost-client.js';
import { readSyncAnswer } from './read-sync.js';
import { LOSTSYNC_CONTENT_TYPE, type SyncAnswer, type SyncRequest } from './sync-messages.js';
import { writeSyncRequest } from './write-sync.js';

export interface SyncClient {
  ask(request: SyncRequest): Promise<Result<SyncAnswer, LostClientError>>;
}

export interface HttpSyncClientOptions {
  readonly url: string;
  /** Whole time for one exchange, connection included. Milliseconds. */
  readonly timeoutMs: number;
  /** Octets of an answer. */
  readonly maxBytes: number;
  /** PEM, for an https URL. */
  readonly tls?: HttpsCredentials;
}

const ANSWER_TO = {
  getMappingsRequest: 'getMappingsResponse',
  pushMappings: 'pushMappingsResponse',
} as const;

/** LoST-Sync over HTTP, RFC 6739 section 6. Nothing is thrown. */
export function httpSyncClient(o: HttpSyncClientOptions): SyncClient & { close(): void } {
  const kept = { keepAlive: true, maxSockets: 2 };
  const agent = o.url.startsWith('https:') ? new HttpsAgent(kept, o.tls) : new HttpAgent(kept);
  return {
    async ask(request) {
      const answer = await httpExchange({
        method: 'POST',
        url: o.url,
        headers: {
          'Content-Type': `${LOSTSYNC_CONTENT_TYPE};charset=utf-8`,
          Accept: LOSTSYNC_CONTENT_TYPE,
          'Cache-Control': 'no-cache',
        },
        body: writeSyncRequest(request),
        timeoutMs: o.timeoutMs,
        maxBytes: o.maxBytes,
        agent,
      });
      if (!answer.ok) return err<LostClientError>(answer.error);
      const { status, body } = answer.value;
      if (status < 200 || status > 299) {
        return err<LostClientError>({ code: 'http', message: `HTTP status ${status}`, status });
      }
      const read = readSyncAnswer(body, { maxBytes: o.maxBytes, maxElements: Math.ceil(o.maxBytes / 16) });
      if (!read.ok) return err<LostClientError>({ code: 'malformed', message: read.error.message });
      const { type } = read.value;
      if (type !== 'errors' && type !== ANSWER_TO[request.type]) {
        return err<LostClientError>({ code: 'malformed', message: `${request.type} answered by ${type}` });
      }
      return ok(read.value);
    },
    close: () => agent.destroy(),
  };
}
