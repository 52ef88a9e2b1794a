import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { BoundaryReload } from './boundary-reload.js';

const STATUS = { ok: 200, refused: 422, failed: 500 } as const;

/** Who may have new boundaries loaded. */
export interface ReloadPeers {
  /** IP addresses beside the loopback ones. */
  readonly addresses: readonly string[];
  /** Names in a client certificate of our authority. */
  readonly names: readonly string[];
}

export function reloadRoutes(reload: BoundaryReload, peers: ReloadPeers): FastRoutes {
  return { '/reload': (request) => answer(request, reload, peers) };
}

async function answer(
  request: FastRequest,
  reload: BoundaryReload,
  peers: ReloadPeers,
): Promise<FastResponse> {
  if (!mayReload(request, peers)) return { status: 403 };
  if (request.method === 'GET' || request.method === 'HEAD') return json(200, { last: reload.last ?? null });
  if (request.method !== 'POST') return { status: 405, headers: { allow: 'GET, HEAD, POST' } };
  const outcome = await reload.reload('request');
  return json(STATUS[outcome.result], outcome);
}

export function mayReload(
  { remoteAddress, clientNames, headers }: Pick<FastRequest, 'remoteAddress' | 'clientNames' | 'headers'>,
  peers: ReloadPeers,
): boolean {
  // A page in a browser on this machine is not its operator.
  if (headers.origin !== undefined) return false;
  if (clientNames.some((name) => peers.names.includes(name))) return true;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  return isLoopback(address) || peers.addresses.includes(address);
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function json(status: number, body: unknown): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
