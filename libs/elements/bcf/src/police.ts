import { MessageType, readIdentifiers } from '@esinet/lmpe';
import { type HeaderEdit, esnetValues, parseNameAddr, parseUri, type SipMessage } from '@esinet/sip';
import type { BorderPolicy, Source } from './policy.js';
import { relayedBy } from './siblings.js';
import { translateValue } from './translate.js';

/**
 * Edits that take from a request of the public side what its sender may not say. TS 103 698 6.1.2.5 for
 * Resource-Priority, RFC 3325 5 for asserted identities, RFC 7315 5.4 for access network information. Nothing here
 * refuses: a forged field is removed, the call goes on. History-Info is dealt with by `trustedHistory`.
 */
export function police(request: SipMessage, source: Source, policy: BorderPolicy): HeaderEdit[] {
  const edits: HeaderEdit[] = isEsinet(source)
    ? esinetPriority(request, policy.emergencyPriority)
    : [{ op: 'set-lines', name: 'Resource-Priority', values: [policy.emergencyPriority] }];
  // What is left of a Route would steer the request past this border's own choice of the next hop.
  if (request.has('Route')) edits.push({ op: 'remove', name: 'Route' });
  if (request.has(relayedBy)) edits.push({ op: 'remove', name: relayedBy });
  if (source.peer?.trusted) return edits;
  for (const name of policy.removeFromUntrusted) {
    if (request.has(name)) edits.push({ op: 'remove', name });
  }
  if (isCallBack(request)) edits.push({ op: 'remove', name: 'Priority' });
  return edits;
}

/** The same for what somebody outside answers: what only a trusted peer may say is taken from it. RFC 3325 5 */
export function policeResponse(response: SipMessage, policy: BorderPolicy): HeaderEdit[] {
  return policy.removeFromUntrusted
    .filter((name) => response.has(name))
    .map((name) => ({ op: 'remove', name }) as const);
}

function isEsinet({ peer }: Source): boolean {
  return peer?.trusted === true && peer.esinet !== undefined;
}

/**
 * The priority that the border of another ESInet has given stays: it polices as we do (TS 103 698 6.1.2.5). What is no
 * value of this namespace is none, and gives way to `otherwise`.
 */
export function esinetPriority(request: SipMessage, otherwise: string | undefined): HeaderEdit[] {
  const values = request.values('Resource-Priority');
  const kept = values.filter((value) => esnetValues.includes(value.trim().toLowerCase()));
  if (kept.length > 0 && kept.length === values.length) return [];
  const after = kept.length > 0 || otherwise === undefined ? kept : [otherwise];
  if (after.length > 0) return [{ op: 'set-lines', name: 'Resource-Priority', values: after }];
  return values.length > 0 ? [{ op: 'remove', name: 'Resource-Priority' }] : [];
}

/**
 * The History-Info values that may come in. Of an untrusted peer only those that name a PSAP of ours: a caller's
 * redirected start carries the PSAP it was redirected by (TS 103 698 6.2.7), anything else would be a made-up history.
 */
export function trustedHistory(request: SipMessage, source: Source, policy: BorderPolicy): string[] {
  if (!request.has('History-Info')) return [];
  const values = request.values('History-Info');
  const translated = policy.translate.inwards.includes('History-Info');
  const inward = { from: policy.publicDomain, to: translated ? policy.privateDomain : policy.publicDomain };
  if (source.peer?.trusted) return values.map((value) => translateValue(value, inward));
  return values
    .filter((value) => {
      const host = parseUri(parseNameAddr(value)?.uri ?? '')?.host;
      return host === policy.publicDomain || host === policy.privateDomain;
    })
    .map((value) => translateValue(value, inward));
}

/**
 * Resource-Priority of what leaves for a caller: `esnet.0` within an incident, else none (TS 103 698 6.1.2.5). An
 * answer in a chat that runs is within one. Whether a call-back is, only the PSAP knows, and it is inside, so it is
 * believed: what has the mark of RFC 7090 keeps its priority, and a start without priority goes without.
 */
export function callbackPriority(
  request: SipMessage,
  withinIncident: boolean,
  policy: BorderPolicy,
): HeaderEdit[] {
  const marked = request.has('Resource-Priority');
  if (isCallBack(request)) {
    return marked ? [] : [{ op: 'append', name: 'Resource-Priority', value: policy.callbackPriority }];
  }
  if (!withinIncident) return marked ? [{ op: 'remove', name: 'Resource-Priority' }] : [];
  // A PSAP may have said esnet.2, a critical call (table 3).
  if (marked || isStart(request)) return [];
  return [{ op: 'append', name: 'Resource-Priority', value: policy.callbackPriority }];
}

/** RFC 7090 3; its clause 5 has it taken from whoever is not trusted. */
function isCallBack(request: SipMessage): boolean {
  return request.header('Priority')?.trim().toLowerCase() === 'psap-callback';
}

function isStart(request: SipMessage): boolean {
  const { messageType } = readIdentifiers(request.values('Call-Info'));
  return messageType === MessageType.start;
}
