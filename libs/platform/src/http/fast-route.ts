import type { IncomingHttpHeaders } from 'node:http';

/** A request whose body was already read, within the limit. */
export interface FastRequest {
  readonly method: string;
  /** Without the query; not decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly remoteAddress: string;
  /** SAN entries of the client's certificate, when it showed one that the configured CA signed. */
  readonly clientNames: readonly string[];
  /** SHA-256 fingerprint of that certificate, in small hexadecimal digits. */
  readonly clientFingerprint?: string | undefined;
}

export interface FastResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** Answers without express in between. What it throws becomes a 500 and a log line. */
export interface FastHandler {
  (request: FastRequest): Promise<FastResponse> | FastResponse;
  /** Octets of a body, asked before it is read (it is empty then); the limit of the server where it is undefined. */
  readonly maxBodyBytes?: (request: FastRequest) => number | undefined;
}

/** Handlers by path; a key that ends with `/` takes everything below it too. */
export type FastRoutes = Readonly<Record<string, FastHandler>>;

/** The handler of the exact path, else the one of the longest prefix. */
export function fastRouteOf(routes: ReadonlyMap<string, FastHandler>, path: string): FastHandler | undefined {
  const exact = routes.get(path);
  if (exact) return exact;
  for (let slash = path.lastIndexOf('/'); slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
    const handler = routes.get(path.slice(0, slash + 1));
    if (handler) return handler;
    if (slash === 0) break;
  }
  return undefined;
}
