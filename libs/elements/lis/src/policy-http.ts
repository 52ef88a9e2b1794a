import { AUTH_POLICY_CONTENT_TYPE, readPolicy, writeDefaultPolicy } from '@esinet/held';
import { isoTime } from '@esinet/kernel';
import type { FastRequest, FastResponse } from '@esinet/platform';
import type { LocationReferences } from './location-references.js';
import type { PeerList } from './peer-list.js';

export const POLICIES = '/policy/';

/** Octets of a policy document. */
const MAX_POLICY_BYTES = 16_384;

export interface PolicyAccess {
  readonly references: LocationReferences;
  /** Networks in which a policy may be changed without TLS. */
  readonly safeNetworks: PeerList;
  /** Whether location URIs, and with them policy URIs, are https. */
  readonly secure: () => boolean;
  /** Milliseconds a recipient may keep a location. */
  readonly retentionMs: number;
}

/**
 * RFC 7199 section 3.1: whoever knows a policy URI reads, replaces and deletes the policy of its location URIs. Unknown,
 * lapsed and never there look alike.
 */
export async function policyHttp(access: PolicyAccess, request: FastRequest): Promise<FastResponse> {
  const policy = request.path.slice(POLICIES.length);
  const { method } = request;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'PUT' && method !== 'DELETE')
    return { status: 405, headers: { ...PRIVATE, allow: 'GET, HEAD, PUT, DELETE' } };
  const found = await access.references.findByPolicy(policy);
  if (!found) return { status: 404, headers: PRIVATE };
  const { token, reference } = found;
  if (method === 'GET' || method === 'HEAD') {
    // RFC 7199 3.1: deleted, until another is put.
    if (reference.rules === null) return { status: 404, headers: PRIVATE };
    const text =
      (await access.references.policyText(policy)) ??
      writeDefaultPolicy({
        until: isoTime(reference.expires),
        retention: Math.floor(access.retentionMs / 1_000),
      });
    return { status: 200, headers: { ...PRIVATE, 'content-type': AUTH_POLICY_CONTENT_TYPE }, body: text };
  }
  // RFC 7199 section 7.2: not where somebody between could have read the URI.
  if (!access.secure() && !access.safeNetworks.has({ address: request.remoteAddress }))
    return { status: 403, headers: PRIVATE };
  if (method === 'DELETE') return changed(await access.references.setPolicy(token, null));
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== AUTH_POLICY_CONTENT_TYPE) return { status: 415, headers: PRIVATE };
  if (request.body.length > MAX_POLICY_BYTES) return { status: 413, headers: PRIVATE };
  const rules = readPolicy(request.body, { maxBytes: MAX_POLICY_BYTES });
  if (!rules.ok) {
    return {
      status: 400,
      headers: { ...PRIVATE, 'content-type': 'text/plain;charset=utf-8' },
      body: `${rules.error}\n`,
    };
  }
  const text = request.body.toString('utf8');
  return changed(await access.references.setPolicy(token, { rules: rules.value, text }));
}

const PRIVATE = { 'cache-control': 'private, no-store' };

function changed(done: boolean): FastResponse {
  return { status: done ? 200 : 404, headers: PRIVATE };
}
