import type { NextHop } from '@esinet/platform';
import {
  type Destination,
  type DialogWay,
  type Flow,
  type ForwardTarget,
  type HeaderEdit,
  type InDialog,
  type LoadClass,
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
} from './chat-flow.js';
import { type Traffic, allowedMethods, classify } from './classify.js';
import { emergencyTarget } from './emergency-target.js';
import { identify, secretLengthOf } from './identifiers.js';
import { dialogChatKey, dialogKey, screenInDialog, sideOf } from './in-dialog.js';
import { callbackPriority, esinetPriority, police, policeResponse, trustedHistory } from './police.js';
import type { BorderPolicy, Source } from './policy.js';
import { inwards, outwards, translateHeaders, translateUri } from './translate.js';
import { by, WaysOut } from './way-out.js';

/** The ways out of the border, as configured and as open at this moment. */
export interface NextHops {
  /** Tried one after another. */
  readonly esrps: readonly NextHop[];
  /** PSAPs by the user part of their URI; `undefined` is the host table's entry for all others. */
  psap(user: string | undefined): readonly NextHop[];
  /** The table of peers: next hops for a domain; empty if it is not in the table. */
  domain(domain: string): readonly NextHop[];
  /** Whether it is the public domain of a peered ESInet. */
  isPeeredEsinet(domain: string): boolean;
  /** The ways back to a caller, to be tried one after another; none if the connection is gone. */
  back(flow: ChatFlow, o: { readonly throughSiblings: boolean }): readonly WayBack[];
  /** The other borders that are alive: with the store away one of them may know a chat that is not known here. */
  siblings(): readonly NextHop[];
  /** The way that a dialog's Record-Route value holds, from that listener, or undefined if the connection is gone. */
  beyond(way: DialogWay, listener: string): Omit<ForwardTarget, 'uri' | 'edits'> | undefined;
}

/** `sibling`: to the border that holds the connection, which does with the message all that has to be done. */
export interface WayBack extends Omit<ForwardTarget, 'uri' | 'edits'> {
  readonly sibling?: true;
}

export interface ScreenContext {
  readonly policy: BorderPolicy;
  readonly hops: NextHops;
  /** Whether host and port of a URI are an address this border listens on. */
  readonly isOwnAddress: (uri: Uri) => boolean;
  /** The listener that requests of that transport leave from on that side. */
  readonly listenerOf: (side: Source['side'], transport: TransportName) => string | undefined;
  /** This border, of those that share a store. */
  readonly instance: string;
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

/** Under which names a way back was remembered. */
export interface ChatKey {
  readonly chat: string;
  readonly user: string;
}

/** The way that has to be known before a request can be decided on: of whom it is for, or of its sender. */
export function chatKeyOf(request: SipMessage, traffic: Traffic, policy: BorderPolicy): ChatKey | undefined {
  if (traffic.kind === 'dialog') return traffic.to === 'public' ? dialogChatKey(request) : undefined;
  const ofSender = (traffic.kind === 'relay' || traffic.kind === 'chat') && traffic.inChat;
  if (traffic.kind !== 'outward' && !ofSender) return undefined;
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  const user = ofSender ? (request.from?.uri ?? '') : request.requestUri;
  return { chat: assigned ? dialogKey(request) : callId, user: canonicalUser(user) };
}

/** The Call Identifier of a request: its own, or the one this border would give it. */
export function callIdOf(request: SipMessage, policy: BorderPolicy): string {
  return identify(request, { elementId: policy.elementId, nena: false }).callId;
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
  traffic: Traffic = trafficOf(request, source, context),
): Screening {
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
    case 'dialog':
      return screenInDialog(request, source, context, traffic, chat);
    case 'refused':
      return refuse(traffic.status, traffic.why);
    case 'emergency':
      return emergency(request, source, context, traffic);
    case 'chat':
      if (traffic.inChat && !chat) return refuse(403, 'outside of a dialog');
      return inChat(request, source, context, traffic.user);
    case 'relay':
      if (traffic.inChat && !chat) return refuse(404, 'not ours');
      return relay(request, source, context, traffic.domain);
    case 'outward':
      if (traffic.inChat && !chat) return refuse(404, 'not ours');
      return outward(request, source, context, traffic.user, chat);
  }
}

/** TS 103 698 6.1.2.5: what is for a call or a chat goes before probes and what would be refused in any case. */
export function hasPriority(request: SipMessage, source: Source, context: ScreenContext): boolean {
  const traffic = trafficOf(request, source, context);
  if (traffic.kind === 'chat' && traffic.inChat) return false;
  return traffic.kind !== 'probe' && traffic.kind !== 'refused';
}

/** What a request is when there is too much: a chat that runs is let through, test calls give way first. */
export function loadClassOf(request: SipMessage, source: Source, context: ScreenContext): LoadClass {
  const traffic = trafficOf(request, source, context);
  // RFC 3261 12.2: within a dialog; but a tag makes no running call of what asks for a service.
  if (request.to?.tag !== undefined && traffic.kind !== 'emergency') return 'running';
  switch (traffic.kind) {
    case 'probe':
    case 'chat':
    case 'dialog':
      return 'running';
    case 'emergency':
      return traffic.target.test ? 'other' : 'emergency';
    case 'outward':
    case 'relay':
      // A PSAP that answers or calls back, and our own ESRP on the way to another ESInet.
      return source.side === 'private' || traffic.inChat ? 'running' : 'other';
    case 'refused':
      return 'other';
  }
}

export function trafficOf(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  dialog?: InDialog,
): Traffic {
  if (dialog) return { kind: 'dialog', dialog, to: sideOf(dialog, source) };
  return classify(request, source, {
    policy: context.policy,
    isOwnAddress: context.isOwnAddress,
    hasDomain: (domain) => context.hops.domain(domain).length > 0,
    isPeeredEsinet: (domain) => context.hops.isPeeredEsinet(domain),
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

  const edits: HeaderEdit[] = inside ? [] : inwardEdits(request, source, policy);
  if (before !== undefined) edits.push({ op: 'prepend', name: 'Call-Info', value: before });
  for (const value of added) edits.push({ op: 'append', name: 'Call-Info', value });

  const uri = retargeted ? { uri: requestUri } : {};
  const historyEdits = replaceHistory(request, history);
  const { psap } = traffic;
  const targets: ForwardTarget[] = psap ? toChosenPsap(request, psap, historyEdits, context) : [];
  // What our own ESRP has sent out does not go back to it.
  for (const destination of psap && inside ? [] : hops.esrps) {
    targets.push({
      ...uri,
      ...by(context, 'private', destination),
      siblings: `esrp ${destination.transport}`,
      edits: psap ? [...historyEdits, { op: 'remove', name: 'Route' }] : historyEdits,
    });
  }
  targets.push(
    ...toDefaultPsap(request, history, requestUri, sipReason(503, 'no ESRP answered'), uri, context),
  );
  return {
    traffic: 'emergency',
    why: psap ? 'chosen psap' : retargeted ? 'number' : traffic.target.test ? 'test' : 'service urn',
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

/** TS 103 698 D.2: where another ESInet's ESRP has looked up the PSAP, ours need not. */
function toChosenPsap(
  request: SipMessage,
  psap: Uri,
  edits: readonly HeaderEdit[],
  context: ScreenContext,
): ForwardTarget[] {
  const route = {
    op: 'set-lines',
    name: 'Route',
    values: [looseRoute(privateUri(psap, context.policy))],
  } as const;
  return context.hops.psap(psap.user).map((destination) => ({
    ...by(context, 'private', destination),
    siblings: `psap ${destination.transport}`,
    edits: [...edits, route],
  }));
}

/** The last targets of what asks for help: no failure drops a call. */
function toDefaultPsap(
  request: SipMessage,
  history: readonly string[],
  requestUri: string,
  reason: string,
  more: Pick<ForwardTarget, 'uri' | 'standsIn'>,
  context: ScreenContext,
): ForwardTarget[] {
  const { policy, hops } = context;
  return hops.psap(userOf(policy.defaultPsapUri)).map((destination) => {
    const siblings = `default psap ${destination.transport}`;
    const target = { ...more, ...by(context, 'private', destination), siblings };
    return new LastResort(target, () => lastResortEdits(request, history, requestUri, reason, policy));
  });
}

/** A target whose edits are written when it comes to that, which it seldom does. */
class LastResort implements ForwardTarget {
  declare readonly uri?: string;
  declare readonly destination?: Destination | Flow;
  declare readonly nextHopUri?: string;
  declare readonly listener?: string;
  declare readonly standsIn?: boolean;
  declare readonly siblings?: string;

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

/** To the default PSAP, past all others, and why. */
function lastResortEdits(
  request: SipMessage,
  history: readonly string[],
  requestUri: string,
  reason: string,
  policy: BorderPolicy,
): HeaderEdit[] {
  const last = historyInfo(history, requestUri, [{ uri: policy.defaultPsapUri, by: 'mp', because: reason }]);
  return [
    ...replaceHistory(request, last),
    { op: 'set-lines', name: 'Route', values: [looseRoute(policy.defaultPsapUri)] },
    { op: 'append', name: 'Reason', value: reason },
  ];
}

/** TS 103 698 6.2.3: from the second message on, straight to the PSAP. */
function inChat(request: SipMessage, source: Source, context: ScreenContext, user: Uri): Screening {
  const { policy, hops } = context;
  const inside = source.side === 'private';
  const { callId, added, before } = identify(request, { elementId: policy.elementId, nena: false });
  const edits: HeaderEdit[] = inside ? [] : inwardEdits(request, source, policy);
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
      targets: destinations.map((destination) => ({
        uri,
        ...by(context, 'private', destination),
        siblings: `psap ${destination.transport}`,
      })),
      edits,
      responseEdits: (response) => outwardEdits(response, policy),
    },
    ...(!inside && { remember: remembrance(request, source, callId) }),
  };
}

/**
 * TS 103 698 D.2: to a domain of the table. What our ESRP and other ESInets say stays; a provider's or a caller's part
 * of a chat is policed as if its PSAP were ours. A call for help that nobody takes beyond ends at our default PSAP.
 */
function relay(request: SipMessage, source: Source, context: ScreenContext, domain: string): Screening {
  const { policy, hops } = context;
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  const targets: ForwardTarget[] = hops
    .domain(domain)
    .map((destination) => by(context, 'public', destination));
  const inside = source.side === 'private';
  if (inside && emergencyTarget(request.requestUri, policy)) {
    const history = request.values('History-Info');
    const reason = sipReason(503, 'other ESInet did not answer');
    const standIn = { standsIn: true };
    targets.push(...toDefaultPsap(request, history, request.requestUri, reason, standIn, context));
  }
  const ofCaller = !inside && !source.peer?.esinet;
  const policed = inside
    ? []
    : ofCaller
      ? policedChat(request, source, policy)
      : esinetPriority(request, undefined);
  return {
    traffic: 'relay',
    why: 'domain table',
    ...(!assigned && { callId }),
    decision: {
      kind: 'forward',
      targets,
      edits: [...policed, ...outwardEdits(request, policy, policed)],
      responseEdits: (response) => outwardEdits(response, policy),
    },
    ...(ofCaller && !assigned && { remember: remembrance(request, source, callId) }),
  };
}

function policedChat(request: SipMessage, source: Source, policy: BorderPolicy): HeaderEdit[] {
  const history = trustedHistory(request, source, policy);
  return [...police(request, source, policy), ...replaceHistory(request, history)];
}

/** From a PSAP to a caller: the table of domains, then the way the chat came in. Never to an address a message names. */
function outward(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  user: Uri,
  chat: ChatBinding | undefined,
): Screening {
  const { policy, hops } = context;
  const { callId, assigned } = identify(request, { elementId: policy.elementId, nena: false });
  const named = assigned ? {} : { callId };
  const peers = hops.domain(user.host);
  const back = new WaysOut(request, source, context);
  for (const destination of peers) back.add(by(context, 'public', destination));
  for (const flow of [chat?.current, chat?.alternate]) if (flow) back.addChat(flow);
  if (!chat && peers.length === 0) back.addSiblings();
  const { ways } = back;
  if (ways.length === 0) {
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
      ...back.decided([
        ...translateHeaders(request, outwards(policy), [{ name: 'Route' }]),
        ...(source.side === 'private'
          ? callbackPriority(request, chat !== undefined, policy)
          : esinetPriority(request, undefined)),
        // The way was chosen here; what is left of a Route must not choose another outside.
        ...(request.has('Route') ? [{ op: 'remove' as const, name: 'Route' }] : []),
      ]),
      responseEdits: (response) => answerEdits(response, ways, policy),
    },
  };
}

function outwardEdits(
  message: SipMessage,
  policy: BorderPolicy,
  before: readonly HeaderEdit[] = [],
): HeaderEdit[] {
  return translateHeaders(message, outwards(policy), before);
}

/** What comes in from outside: policed, and in the words of inside. History-Info is dealt with apart. */
function inwardEdits(request: SipMessage, source: Source, policy: BorderPolicy): HeaderEdit[] {
  const policed = police(request, source, policy);
  return [...policed, ...translateHeaders(request, inwards(policy), [...policed, { name: 'History-Info' }])];
}

/** What somebody outside answers; `ways`: those back to callers, who are believed no more than when they ask. */
function answerEdits(
  response: SipMessage,
  ways: readonly (ChatFlow | undefined)[],
  policy: BorderPolicy,
): HeaderEdit[] {
  const ofCaller = ways.some((way) => way && way.peer === undefined);
  const policed = ofCaller ? policeResponse(response, policy) : [];
  return [...policed, ...translateHeaders(response, inwards(policy), policed)];
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
