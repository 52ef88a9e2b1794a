import { type HeaderEdit, type SipMessage, parseNameAddr, parseUri } from '@esinet/sip';
import type { Source } from './policy.js';

/** The way one caller of one chat came in, and so the way back to them. */
export interface ChatFlow {
  readonly listener: string;
  readonly transport: 'udp' | 'tcp' | 'tls' | 'ws' | 'wss';
  readonly address: string;
  readonly port: number;
  /** The connection, as long as it is open; no other process names one of its own like this. */
  readonly flowId: string;
  /** The border that holds it, of those that share a store. */
  readonly instance?: string;
  /** The peer of a trusted connection. */
  readonly peer?: string;
}

/** What is remembered of a chat and a user: where messages go, and where else they go if nobody answers there. */
export interface ChatBinding {
  readonly current: ChatFlow;
  readonly alternate?: ChatFlow;
}

/** Under which names a request's sender is to be found again. */
export interface Remembrance {
  /** Call Identifier, or `sip:` and the Call-ID for a dialog. */
  readonly chats: readonly string[];
  /** The URIs a PSAP may answer to: P-Asserted-Identity if believed, From, Contact. */
  readonly users: readonly string[];
  /** Unguessable characters of the Call Identifier. */
  readonly secretLength: number;
}

/**
 * The binding after a message of a chat came in over `seen`.
 *
 * Knowing a Call Identifier and a From is not enough to take over the way back of somebody who is reachable:
 * - the same connection, or the same remote address on the same listener, renews it;
 * - the flow of a trusted peer moves only to a flow of the same peer, and takes precedence over others;
 * - a connection that has closed is replaced;
 * - a UDP flow moves if the Call Identifier is long enough to be a secret, because NATs do rebind; the old address
 *   stays as the alternate;
 * - else the new flow becomes the alternate only: messages try it after the current one did not answer, and it moves up
 *   when it has (`promoted`).
 */
export function rebind(
  known: ChatBinding | undefined,
  seen: ChatFlow,
  o: {
    readonly isOpen: (flow: ChatFlow) => boolean;
    readonly secretLength: number;
    readonly secretEnough: number;
  },
): ChatBinding {
  if (!known) return { current: seen };
  const { current, alternate } = known;
  if (current.flowId === seen.flowId) return { ...known, current: seen };
  if (current.peer !== undefined) {
    if (current.peer === seen.peer) return { current: seen };
    return { current, alternate: seen };
  }
  if (seen.peer !== undefined) return { current: seen, alternate: current };
  if (current.transport !== 'udp' && !o.isOpen(current)) return { current: seen };
  if (current.listener === seen.listener && current.address === seen.address) {
    return {
      current: seen,
      ...(current.port === seen.port ? alternate && { alternate } : { alternate: current }),
    };
  }
  if (current.transport === 'udp' && o.secretLength >= o.secretEnough)
    return { current: seen, alternate: current };
  return { current, alternate: seen };
}

/** Whether a message came by a way that is known already: the connection, the address, or the peer. */
export function cameBy(known: ChatBinding, seen: ChatFlow): boolean {
  return [known.current, known.alternate].some((way) => {
    if (!way) return false;
    if (way.peer !== undefined || seen.peer !== undefined) return way.peer === seen.peer;
    return way.flowId === seen.flowId || (way.listener === seen.listener && way.address === seen.address);
  });
}

/** The binding after the alternate answered where the current one had not. */
export function promoted(known: ChatBinding, answered: ChatFlow): ChatBinding {
  if (known.alternate?.flowId !== answered.flowId) return known;
  return { current: known.alternate, alternate: known.current };
}

/** The URIs under which a PSAP may answer the sender (TS 103 698 6.2.3: P-A-I, in its absence From). */
export function answerableUsers(request: SipMessage, source: Source): string[] {
  const from = request.from?.uri;
  if (request.method !== 'INVITE' && !source.peer?.trusted)
    return from === undefined ? [] : [canonicalUser(from)];
  const uris = [from];
  if (source.peer?.trusted)
    for (const value of request.values('P-Asserted-Identity')) uris.push(uriOf(value));
  if (request.method === 'INVITE') for (const value of request.values('Contact')) uris.push(uriOf(value));
  return [...new Set(uris.flatMap((uri) => (uri === undefined ? [] : [canonicalUser(uri)])))];
}

/** What two URIs of one user have in common: user, host and port, or the number. */
export function canonicalUser(uri: string): string {
  const parsed = parseUri(uri);
  if (!parsed) return uri;
  if (parsed.opaque !== undefined) return `${parsed.scheme}:${parsed.opaque.toLowerCase()}`;
  const port = parsed.port === undefined ? '' : `:${parsed.port}`;
  return `${parsed.user ?? ''}@${parsed.host}${port}`;
}

/** RFC 3325 5, RFC 3323: an identity whose owner wants it kept does not leave for an untrusted element. */
export function privateIdentity(request: SipMessage): HeaderEdit[] {
  const privacy = request.values('Privacy').join(';').toLowerCase();
  if (!request.has('P-Asserted-Identity')) return [];
  if (!privacy.split(/[;,]/).some((part) => part.trim() === 'id')) return [];
  return [{ op: 'remove', name: 'P-Asserted-Identity' }];
}

function uriOf(value: string): string | undefined {
  return parseNameAddr(value)?.uri;
}
