import { type NextHop, towards } from '@esinet/platform';
import {
  type Flow,
  type ForwardTarget,
  type HeaderEdit,
  type RouteDecision,
  type SipMessage,
  type Uri,
  parseUri,
} from '@esinet/sip';
import type { ProviderPolicy, Sender } from './policy.js';

/** A way to a registered user agent. */
export interface ReachableBinding {
  readonly contact: string;
  /** The flow it registered by; without one it is reached by its path or its contact. */
  readonly flow?: Flow;
  /** Proxies between, first hop first. RFC 3327 */
  readonly path: readonly string[];
}

export interface ProviderContext {
  readonly policy: ProviderPolicy;
  /** Tried one after another: the first with our certificate, so that the border believes what we assert. */
  readonly border: readonly NextHop[];
  /** Bindings of a user whose flow is open, newest first. */
  readonly bindings: (user: string) => readonly ReachableBinding[];
  readonly isOwnAddress: (uri: Uri) => boolean;
}

/** What became of a request and why; `why` is a fixed phrase. */
export interface ProviderRouted {
  readonly decision: RouteDecision;
  readonly why: 'register' | 'options' | 'emergency' | 'chat' | 'to user' | 'no binding' | 'refused';
  readonly account?: string;
}

export const allowedMethods: readonly string[] = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'PRACK',
  'UPDATE',
  'INFO',
  'MESSAGE',
  'OPTIONS',
  'REGISTER',
];

/**
 * The provider's decision about any request but REGISTER (TS 103 698 Figure 1, D.1): emergency traffic to the border,
 * with the identity of the account if there is one and without if there is none, because nobody in need is refused for
 * want of an account; requests of the border to the user agents of a user; nothing else for strangers.
 */
export function routeAtProvider(
  request: SipMessage,
  sender: Sender,
  context: ProviderContext,
): ProviderRouted {
  const { policy } = context;
  const uri = parseUri(request.requestUri);
  if (!allowedMethods.includes(request.method)) return refused(405);
  const emergency = isEmergency(request.requestUri, uri, policy);
  if (emergency || (uri && policy.esinetDomains.has(uri.host))) {
    return {
      why: emergency ? 'emergency' : 'chat',
      ...(sender.account !== undefined && { account: sender.account }),
      decision: {
        kind: 'forward',
        targets: context.border.map((hop) => ({ ...towards(hop), siblings: `border ${hop.transport}` })),
        edits: identityEdits(request, sender, policy),
      },
    };
  }
  if (!uri) return refused(400);
  if (uri.scheme !== 'sip' && uri.scheme !== 'sips') return refused(416);
  const own = uri.host === policy.domain || context.isOwnAddress(uri);
  if (request.method === 'OPTIONS' && own && uri.user === undefined) return options();
  if (!own) return refused(sender.account === undefined ? 403 : 404);
  if (!sender.isBorder && sender.account === undefined) return refused(403);
  return toUser(request, uri, sender, context);
}

/** RFC 3261 16.5: the location service's contacts, each over the flow it registered by (RFC 5626 5.3). */
function toUser(request: SipMessage, uri: Uri, sender: Sender, context: ProviderContext): ProviderRouted {
  const user = accountOf(uri, context.policy);
  if (user === undefined) return refused(404);
  const targets = context.bindings(user).map(toBinding);
  if (targets.length === 0)
    return { why: 'no binding', account: user, decision: { kind: 'reject', status: 480 } };
  const edits = sender.isBorder ? [] : identityEdits(request, sender, context.policy);
  return { why: 'to user', account: user, decision: { kind: 'forward', targets, edits } };
}

function toBinding({ contact, flow, path }: ReachableBinding): ForwardTarget {
  const edits: HeaderEdit[] = path.length === 0 ? [] : [{ op: 'set-lines', name: 'Route', values: path }];
  return { uri: contact, edits, ...(flow && { destination: flow, listener: flow.listener }) };
}

function options(): ProviderRouted {
  const headers: [string, string][] = [
    ['Allow', allowedMethods.join(', ')],
    ['Accept', '*/*'],
  ];
  return { why: 'options', decision: { kind: 'answer', status: 200, headers } };
}

function refused(status: number): ProviderRouted {
  const headers: [string, string][] = status === 405 ? [['Allow', allowedMethods.join(', ')]] : [];
  return { why: 'refused', decision: { kind: 'reject', status, headers } };
}

/**
 * RFC 3325 5 and 8: a user agent asserts nothing; the proxy that authenticated it does. Routes it preloaded beyond this
 * proxy are not followed either.
 */
function identityEdits(request: SipMessage, sender: Sender, policy: ProviderPolicy): HeaderEdit[] {
  const edits: HeaderEdit[] = [];
  for (const name of ['P-Preferred-Identity', 'Route']) {
    if (request.has(name)) edits.push({ op: 'remove', name });
  }
  if (sender.account !== undefined) {
    edits.push({ op: 'set', name: 'P-Asserted-Identity', value: `<sip:${sender.account}@${policy.domain}>` });
  } else if (request.has('P-Asserted-Identity')) {
    edits.push({ op: 'remove', name: 'P-Asserted-Identity' });
  }
  return edits;
}

/** Service URNs, and the local numbers in any form: which service each stands for is the border's to say. */
function isEmergency(requestUri: string, uri: Uri | undefined, policy: ProviderPolicy): boolean {
  const spelled = requestUri.toLowerCase();
  if (spelled.startsWith('urn:service:')) {
    const labels = spelled.slice('urn:service:'.length).split('.');
    return (
      labels[0] === 'sos' ||
      (labels[0] === 'test' && labels[1] === 'sos') ||
      policy.numbers.has(labels[0] ?? '')
    );
  }
  if (policy.numbers.has(requestUri)) return true;
  if (!uri) return false;
  const dialled = uri.scheme === 'tel' ? (uri.opaque ?? '') : (uri.user ?? uri.host);
  const semicolon = dialled.indexOf(';');
  const number = semicolon < 0 ? dialled : dialled.slice(0, semicolon);
  if (policy.numbers.has(withoutSeparators(number))) return true;
  return number.toLowerCase().startsWith('urn%3aservice%3asos');
}

/** RFC 3966 5.1.1 */
function withoutSeparators(number: string): string {
  let out = '';
  for (const character of number) if (!'-.()'.includes(character)) out += character;
  return out;
}

function accountOf(uri: Uri, policy: ProviderPolicy): string | undefined {
  const user = uri.user;
  return user !== undefined && policy.accounts.has(user) ? user : undefined;
}
