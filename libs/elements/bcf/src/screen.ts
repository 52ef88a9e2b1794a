import { type NextHop, towards } from '@esinet/platform';
import {
  type Destination,
  type Flow,
  type ForwardTarget,
  type HeaderEdit,
  type RouteDecision,
  type SipMessage,
  type TransportName,
  type Uri,
  esnetValues,
  historyInfo,
  parseUri,
  priorityCapabilities,
  sipReason,
} from '@esinet/sip';
import {
  type ChatBinding,
  type ChatFlow,
  type Remembrance,
  answerableUsers,
  canonicalUser,
  privateIdentity,
} from './chat-flow.js';
import { type Traffic, allowedMethods, classify } from './classify.js';
import { identify, secretLengthOf } from './identifiers.js';
import { callbackPriority, police, trustedHistory } from './police.js';
import type { BorderPolicy, Source } from './policy.js';
import { type Translation, translateHeaders, translateUri } from './translate.js';

/** The ways out of the border, as configured and as open at this moment. */
export interface NextHops {
  /** Tried one after another. */
  readonly esrps: readonly NextHop[];
  /** PSAPs by the user part of their URI; `undefined` is the host table's entry for all others. */
  psap(user: string | undefined): readonly NextHop[];
  /** The table of peers: next hops for a domain; empty if it is not in the table. */
  domain(domain: string): readonly NextHop[];
  /** The way back to a caller, or undefined if the connection is gone. */
  back(flow: ChatFlow): { readonly destination: Destination | Flow; readonly listener: string } | undefined;
}

export interface ScreenContext {
  readonly policy: BorderPolicy;
  readonly hops: NextHops;
  /** Whether host and port of a URI are an address this border listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
  /** The listener that requests of that transport leave from on that side. */
  readonly listenerOf: (side: Source['side'], transport: TransportName) => string | undefined;
}

/** What the border decided and why. `why` is one of a few fixed phrases and holds nothing of the message. */
export interface Screening {
  readonly decision: RouteDecision;
  readonly traffic: Traffic['kind'];
  readonly why: string;
  readonly callId?: string;
  /** The sender is to be remembered: this was emergency traffic, and answers go back the way it came. */
  readonly remember?: Remembrance;
  /** Which of the targets is which way back, for `promoted`. */
  readonly ways?: readonly (ChatFlow | undefined)[];
}

/** Under which names the way back for a request from inside was remembered. */
export function chatKeyOf(request: SipMessage, policy: BorderPolicy): { chat: string; user: string } {
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  return { chat: assigned ? dialogKey(request) : callId, user: canonicalUser(request.requestUri) };
}

/**
 * The border's decision about one request (TS 103 698 5.3, D.1): classify, police, translate, choose the next hop. Pure:
 * what was remembered of the chat is given in `chat`.
 */
export function screen(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  chat?: ChatBinding,
): Screening {
  const traffic = trafficOf(request, source, context);
  switch (traffic.kind) {
    case 'probe':
      return {
        traffic: 'probe',
        why: 'options',
        decision: {
          kind: 'answer',
          status: 200,
          headers: [
            ['Allow', allowedMethods.join(', ')],
            ['Accept', '*/*'],
            ...priorityCapabilities(esnetValues),
          ],
        },
      };
    case 'refused':
      return refuse(traffic.status, traffic.why);
    case 'emergency':
      return emergency(request, source, context, traffic);
    case 'chat':
      return inChat(request, source, context, traffic.user);
    case 'relay':
      return relay(request, context, traffic.domain);
    case 'outward':
      return outward(request, context, traffic.user, chat);
  }
}

/** TS 103 698 6.1.2.5: what is for a call or a chat goes before probes and what would be refused in any case. */
export function hasPriority(request: SipMessage, source: Source, context: ScreenContext): boolean {
  const { kind } = trafficOf(request, source, context);
  return kind !== 'probe' && kind !== 'refused';
}

function trafficOf(request: SipMessage, source: Source, context: ScreenContext): Traffic {
  return classify(request, source, {
    policy: context.policy,
    isOwnAddress: context.isOwnAddress,
    hasDomain: (domain) => context.hops.domain(domain).length > 0,
  });
}

function refuse(status: number, why: string): Screening {
  const headers: [string, string][] = status === 405 ? [['Allow', allowedMethods.join(', ')]] : [];
  return { traffic: 'refused', why, decision: { kind: 'reject', status, headers } };
}

/** To the ESRPs one after another, and if all are away straight to the default PSAP: no failure drops a call. */
function emergency(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  traffic: Traffic & { kind: 'emergency' },
): Screening {
  const { policy, hops } = context;
  const inside = source.side === 'private';
  const { callId, added, before } = identify(request, {
    elementId: policy.elementId,
    nena: policy.nenaIdentifiers,
  });
  const { requestUri, retargeted } = traffic.target;
  const received = inside ? request.values('History-Info') : trustedHistory(request, source, policy);
  const toService = retargeted ? [{ uri: requestUri, by: 'rc' as const }] : [];
  // A bare number is no URI, and so no entry of a history.
  const tellable = retargeted && parseUri(request.requestUri) !== undefined;
  const history = tellable ? historyInfo(received, request.requestUri, toService) : received;

  const edits: HeaderEdit[] = inside ? [] : police(request, source, policy);
  if (before !== undefined) edits.push({ op: 'prepend', name: 'Call-Info', value: before });
  for (const value of added) edits.push({ op: 'append', name: 'Call-Info', value });

  const uri = retargeted ? { uri: requestUri } : {};
  const historyEdits = replaceHistory(request, history);
  const targets: ForwardTarget[] = hops.esrps.map((destination) => ({
    ...uri,
    ...by(context, 'private', destination),
    edits: historyEdits,
  }));
  for (const destination of hops.psap(userOf(policy.defaultPsapUri))) {
    const target = { ...uri, ...by(context, 'private', destination) };
    targets.push(new LastResort(target, () => lastResortEdits(request, history, requestUri, policy)));
  }
  return {
    traffic: 'emergency',
    why: retargeted ? 'number' : traffic.target.test ? 'test' : 'service urn',
    callId,
    decision: {
      kind: 'forward',
      targets,
      edits,
      responseEdits: (response) => outwardEdits(response, policy),
    },
    ...(!inside && { remember: remembrance(request, source, callId) }),
  };
}

/** A target whose edits are written when it comes to that, which it seldom does. */
class LastResort implements ForwardTarget {
  declare readonly uri?: string;
  declare readonly destination?: Destination | Flow;
  declare readonly nextHopUri?: string;
  declare readonly listener?: string;

  constructor(
    target: Omit<ForwardTarget, 'edits'>,
    private readonly write: () => HeaderEdit[],
  ) {
    Object.assign(this, target);
  }

  get edits(): readonly HeaderEdit[] {
    return this.write();
  }
}

/** To the default PSAP, past the ESRPs, and why. */
function lastResortEdits(
  request: SipMessage,
  history: readonly string[],
  requestUri: string,
  policy: BorderPolicy,
): HeaderEdit[] {
  const reason = sipReason(503, 'no ESRP answered');
  const last = historyInfo(history, requestUri, [{ uri: policy.defaultPsapUri, by: 'mp', because: reason }]);
  return [
    ...replaceHistory(request, last),
    { op: 'prepend', name: 'Route', value: looseRoute(policy.defaultPsapUri) },
    { op: 'append', name: 'Reason', value: reason },
  ];
}

/** TS 103 698 6.2.3: from the second message on, straight to the PSAP. */
function inChat(request: SipMessage, source: Source, context: ScreenContext, user: Uri): Screening {
  const { policy, hops } = context;
  const inside = source.side === 'private';
  const { callId, added, before } = identify(request, { elementId: policy.elementId, nena: false });
  const edits: HeaderEdit[] = inside ? [] : police(request, source, policy);
  if (before !== undefined) edits.push({ op: 'prepend', name: 'Call-Info', value: before });
  for (const value of added) edits.push({ op: 'append', name: 'Call-Info', value });
  if (!inside) edits.push(...replaceHistory(request, trustedHistory(request, source, policy)));
  const destinations = hops.psap(user.user);
  if (destinations.length === 0) return refuse(404, 'no such psap');
  const uri = privateUri(user, policy);
  return {
    traffic: 'chat',
    why: 'running chat',
    callId,
    decision: {
      kind: 'forward',
      targets: destinations.map((destination) => ({ uri, ...by(context, 'private', destination) })),
      edits,
      responseEdits: (response) => outwardEdits(response, policy),
    },
    ...(!inside && { remember: remembrance(request, source, callId) }),
  };
}

/** TS 103 698 D.2: between peers, by the table of domains. Everything asserted stays, the route is the domain's. */
function relay(request: SipMessage, context: ScreenContext, domain: string): Screening {
  const { policy, hops } = context;
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  return {
    traffic: 'relay',
    why: 'domain table',
    ...(!assigned && { callId }),
    decision: {
      kind: 'forward',
      targets: hops.domain(domain).map((destination) => by(context, 'public', destination)),
      edits: outwardEdits(request, policy),
      responseEdits: (response) => outwardEdits(response, policy),
    },
  };
}

/** From a PSAP to a caller: the table of domains, then the way the chat came in. Never to an address a message names. */
function outward(
  request: SipMessage,
  context: ScreenContext,
  user: Uri,
  chat: ChatBinding | undefined,
): Screening {
  const { policy, hops } = context;
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  const named = assigned ? {} : { callId };
  const peers = hops.domain(user.host);
  const targets: ForwardTarget[] = peers.map((destination) => by(context, 'public', destination));
  const ways: (ChatFlow | undefined)[] = peers.map(() => undefined);
  for (const flow of [chat?.current, chat?.alternate]) {
    const way = flow && hops.back(flow);
    if (!way) continue;
    targets.push({ ...way, edits: privateIdentity(request) });
    ways.push(flow);
  }
  if (targets.length === 0) {
    const refused = chat ? refuse(480, 'connection gone') : refuse(404, 'no way to that user');
    return { ...refused, traffic: 'outward', ...named };
  }
  return {
    traffic: 'outward',
    why: peers.length > 0 ? 'domain table' : 'remembered flow',
    ...named,
    ways,
    decision: {
      kind: 'forward',
      targets,
      edits: [
        ...translateHeaders(request, outwards(policy), ['Route']),
        ...callbackPriority(request, chat !== undefined, policy),
        // The way was chosen here; what is left of a Route must not choose another outside.
        ...(request.has('Route') ? [{ op: 'remove' as const, name: 'Route' }] : []),
      ],
    },
  };
}

function by(context: ScreenContext, side: Source['side'], hop: NextHop): ForwardTarget {
  const listener = context.listenerOf(side, hop.transport);
  const target = towards(hop);
  return listener === undefined ? target : { ...target, listener };
}

function outwards(policy: BorderPolicy): Translation {
  return { from: policy.privateDomain, to: policy.publicDomain };
}

function outwardEdits(message: SipMessage, policy: BorderPolicy): HeaderEdit[] {
  return translateHeaders(message, outwards(policy));
}

function replaceHistory(request: SipMessage, values: readonly string[]): HeaderEdit[] {
  if (values.length > 0) return [{ op: 'set-lines', name: 'History-Info', values }];
  return request.has('History-Info') ? [{ op: 'remove', name: 'History-Info' }] : [];
}

function remembrance(request: SipMessage, source: Source, callId: string): Remembrance {
  return {
    chats: request.method === 'MESSAGE' ? [callId] : [callId, dialogKey(request)],
    users: answerableUsers(request, source),
    secretLength: secretLengthOf(callId),
  };
}

function dialogKey(request: SipMessage): string {
  return `sip:${request.callId ?? ''}`;
}

function privateUri(user: Uri, policy: BorderPolicy): string {
  const translated = translateUri(user.text, { from: policy.publicDomain, to: policy.privateDomain });
  if (translated !== user.text || user.host === policy.privateDomain) return translated;
  // Addressed by this border's own address.
  return `sip:${user.user ?? ''}@${policy.privateDomain}`;
}

/** RFC 3261 19.1.1 */
function looseRoute(uri: string): string {
  return parseUri(uri)?.params.has('lr') ? `<${uri}>` : `<${uri};lr>`;
}

function userOf(uri: string): string | undefined {
  const at = uri.indexOf('@');
  const colon = uri.indexOf(':');
  return at < 0 ? undefined : uri.slice(colon + 1, at);
}
