import { Agent as HttpAgent } from 'node:http';
import { isAllowedHost } from '@esinet/held';
import { HttpsAgent, type HttpsCredentials, type Result, err, httpExchange, ok } from '@esinet/kernel';

/** Why a block of additional data was not fetched. */
export type DataFailure = 'not-allowed' | 'timeout' | 'unreachable' | 'http' | 'too-large';

export interface FetchedData {
  /** As the server says; '' if it does not. */
  readonly contentType: string;
  readonly body: Buffer;
}

/** Fetches what a reference in Call-Info leads to (RFC 7852 6.1, TS 103 698 6.1.2.7). Never rejects. */
export type DataFetch = (uri: string) => Promise<Result<FetchedData, DataFailure>>;

export interface DataFetchOptions {
  /** Hosts that are asked, as `host`, `host:port`, `host:*`, `*.domain`. None: nobody. */
  readonly allowedHosts: readonly string[];
  /** Those of them that may be asked without TLS. */
  readonly plainHosts: readonly string[];
  readonly timeoutMs: number;
  /** Octets of one answer. */
  readonly maxBytes: number;
  /** PEM: who is asked proves itself to us, and we to them. */
  readonly tls?: HttpsCredentials;
}

/** Characters of a reference. */
const maxUri = 2_048;
/** Connections to one server. */
const maxSockets = 8;

/**
 * HTTPS with our own credentials, to hosts that are allowed and nowhere else; redirects are not followed, so that no
 * server can send this element to another one.
 */
export function httpDataFetch(o: DataFetchOptions): DataFetch {
  const http = new HttpAgent({ keepAlive: true, maxSockets });
  const https = new HttpsAgent({ keepAlive: true, maxSockets, minVersion: 'TLSv1.2' }, o.tls);
  return async (uri) => {
    const url = uri.length <= maxUri && URL.canParse(uri) ? new URL(uri) : undefined;
    if (!url || !mayAsk(url, o)) return err('not-allowed');
    const answer = await httpExchange({
      method: 'GET',
      url: url.href,
      headers: { Accept: 'application/*, */*;q=0.5', 'Cache-Control': 'no-cache' },
      timeoutMs: o.timeoutMs,
      maxBytes: o.maxBytes,
      agent: url.protocol === 'https:' ? https : http,
    });
    if (!answer.ok) return err(answer.error.code === 'aborted' ? 'unreachable' : answer.error.code);
    if (answer.value.status !== 200) return err('http');
    return ok({ contentType: answer.value.headers['content-type'] ?? '', body: answer.value.body });
  };
}

function mayAsk(url: URL, o: DataFetchOptions): boolean {
  if (url.protocol === 'https:') return isAllowedHost(url, o.allowedHosts);
  return url.protocol === 'http:' && isAllowedHost(url, o.plainHosts);
}
