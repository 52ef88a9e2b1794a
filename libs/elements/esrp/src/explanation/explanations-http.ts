import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import type { Explanation, Explanations, Replay } from './explanations.js';

/** Decisions in one list. */
const maxListed = 500;
const defaultListed = 50;

/**
 * `GET /explanations?limit=` the latest, without personal data; `GET /explanations/{id}` all about one call, by Call
 * Identifier or SIP Call-ID; with `?replay` what the policies of now would do with it. For this machine only: what they tell of a caller is for the operator.
 */
export function explanationRoutes(explanations: Explanations): FastRoutes {
  return {
    '/explanations': (request) =>
      operatorOnly(request, () =>
        jsonAnswer(200, { calls: listed(explanations, request.query.get('limit')) }),
      ),
    '/explanations/': (request) =>
      operatorOnly(request, () => {
        const decisions = explanations.of(decoded(request.path.slice('/explanations/'.length)));
        return decisions.length > 0
          ? jsonAnswer(200, {
              decisions: request.query.has('replay') ? withReplay(explanations, decisions) : decisions,
            })
          : jsonAnswer(404, { error: 'no decision about this call is remembered' });
      }),
  };
}

/** Each with what the policies of now would do. */
export function withReplay(
  explanations: Explanations,
  decisions: readonly Explanation[],
): (Explanation & { readonly replay?: Replay })[] {
  return decisions.map((decision) => {
    const replay = explanations.replay(decision);
    return { ...decision, ...(replay && { replay }) };
  });
}

/** The latest decisions in short. */
export function listed(explanations: Explanations, limit: string | null): object[] {
  const asked = Number(limit ?? defaultListed);
  const count = Number.isInteger(asked) && asked > 0 ? Math.min(asked, maxListed) : defaultListed;
  return explanations.recent(count).map(({ facts: _facts, verdict: _verdict, ...told }) => told);
}

/** For the operator on this machine: what it answers holds personal data. */
export function operatorOnly(request: FastRequest, answer: () => FastResponse): FastResponse {
  const { method, headers, remoteAddress } = request;
  // A page in a browser on this machine is not its operator.
  if (headers.origin !== undefined || !isLoopback(remoteAddress)) return { status: 403 };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' } };
  return answer();
}

function isLoopback(remoteAddress: string): boolean {
  const address = remoteAddress.replace(/^::ffff:(?=\d+\.)/i, '');
  return address === '::1' || address.startsWith('127.');
}

/** A path segment as it was meant. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function jsonAnswer(status: number, body: unknown): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
