import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import { type Policy, nameOfPolicy } from '@esinet/policy';
import { isIP } from 'node:net';
import type { Policies } from './policies.js';
import { type PolicyChange, deletePolicy, putPolicy } from './policy-store.js';

/**
 * GET /policies: which are in force. POST /policies/reload: the files again. With `policies.api` also GET, PUT and DELETE
 * /policies/OWNER/ID, where ID is the policyId, or the policyQueueName percent-encoded; `?policyType=` where both types of
 * queues have that name.
 */
export function policyRoutes(policies: Policies): FastRoutes {
  const handler = Object.assign((request: FastRequest) => answer(request, policies), {
    maxBodyBytes: (): number => policies.config.maxBytes,
  });
  return { '/policies': handler, '/policies/': handler };
}

async function answer(request: FastRequest, policies: Policies): Promise<FastResponse> {
  const { config } = policies;
  if (!mayAsk(request, config)) return { status: 403 };
  const [owner, id, ...more] = request.path
    .slice('/policies'.length)
    .split('/')
    .filter((part) => part !== '');
  if (owner === undefined) return read(request, () => list(policies));
  if (owner === 'reload' && id === undefined) {
    if (request.method !== 'POST') return { status: 405, headers: { allow: 'POST' } };
    const done = await policies.reload('request');
    return json(done.result === 'ok' ? 200 : 422, done);
  }
  const names = [decoded(owner), id === undefined ? undefined : decoded(id)] as const;
  if (names[0] === undefined || names[1] === undefined || more.length > 0) return { status: 404 };
  return one(request, policies, names[0], names[1]);
}

async function one(
  request: FastRequest,
  policies: Policies,
  owner: string,
  id: string,
): Promise<FastResponse> {
  const change = { owner, id, policyType: request.query.get('policyType') ?? undefined };
  if (request.method === 'GET' || request.method === 'HEAD') {
    const found = policies.find(change);
    return found.length === 1
      ? json(200, found[0]?.source)
      : json(found.length === 0 ? 404 : 409, told(found));
  }
  if (!policies.config.api) return { status: 405, headers: { allow: 'GET, HEAD' } };
  if (request.method === 'PUT')
    return changed(await putPolicy(policies, change, request.body.toString('utf8')));
  if (request.method === 'DELETE') return changed(await deletePolicy(policies, change));
  return { status: 405, headers: { allow: 'GET, HEAD, PUT, DELETE' } };
}

const statuses = {
  created: 201,
  replaced: 200,
  deleted: 200,
  absent: 404,
  ambiguous: 409,
  refused: 422,
  failed: 500,
} as const;

function changed(change: PolicyChange): FastResponse {
  return json(statuses[change.result], change);
}

function read(request: FastRequest, body: () => unknown): FastResponse {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, headers: { allow: 'GET, HEAD' } };
  return json(200, body());
}

function list(policies: Policies) {
  return {
    loadedAt: policies.loadedAt ?? null,
    last: policies.last ?? null,
    policies: told(policies.all),
  };
}

function told(policies: readonly Policy[]) {
  return policies.map((policy) => ({
    name: nameOfPolicy(policy),
    policyType: policy.policyType,
    policyOwner: policy.policyOwner,
    ...(policy.policyId !== undefined && { policyId: policy.policyId }),
    ...(policy.policyQueueName !== undefined && { policyQueueName: policy.policyQueueName }),
    ...(policy.expires !== undefined && { policyExpirationTime: new Date(policy.expires).toISOString() }),
    rules: policy.rules.length,
    signature: policy.signature,
  }));
}

/** As at the other elements: this machine, but no page in a browser on it; and whom the configuration names. */
function mayAsk(
  { remoteAddress, clientNames, headers }: FastRequest,
  peers: { readonly addresses: readonly string[]; readonly names: readonly string[] },
): boolean {
  if (headers.origin !== undefined) return false;
  if (clientNames.some((name) => peers.names.includes(name))) return true;
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  const loopback = address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
  return loopback || peers.addresses.includes(address);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function json(status: number, body: unknown): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
