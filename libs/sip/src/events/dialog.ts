import { parseNameAddr } from '../codec/name-addr.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseUri } from '../codec/uri.js';
import { nextHopOf } from '../proxy/route-values.js';
import type { UacRequest } from '../ua/user-agent.js';
import { detached } from './event-header.js';

/** One end of a dialog, RFC 3261 12. Values of header lines as they stand there; copies, which keep no message. */
export interface Dialog {
  readonly callId: string;
  /** From of what we send, with our tag. */
  readonly local: string;
  readonly localTag: string;
  /** To of what we send, with the tag of the other side. */
  readonly remote: string;
  readonly remoteTag: string;
  /** Contact of the other side: Request-URI of what we send. */
  readonly remoteTarget: string;
  /** name-addrs, the next hop first. */
  readonly routeSet: readonly string[];
  /** CSeq of the last request sent; the next one is one more. */
  readonly localCSeq: number;
  readonly remoteCSeq: number;
}

/** RFC 3261 12.1.1: of what a dialog holds, this comes from the other side and is bounded. */
export interface DialogLimits {
  readonly maxRoutes: number;
  /** Characters of From, To, Contact, Call-ID and the route set together. */
  readonly maxCharacters: number;
}

export const defaultDialogLimits: DialogLimits = { maxRoutes: 16, maxCharacters: 4_096 };

/** Why a request cannot make a dialog. */
export type DialogFlaw = { readonly status: number; readonly reason: string };

/** The dialog that our 2xx to this request makes, for us as its server. RFC 3261 12.1.1 */
export function dialogAsServer(
  request: SipMessage,
  localTag: string,
  limits: DialogLimits = defaultDialogLimits,
): Dialog | DialogFlaw {
  const { from, to, callId, cseq } = request;
  const remote = request.header('From');
  const to_ = request.header('To');
  if (!from || !to || !cseq || callId === undefined || remote === undefined || to_ === undefined) {
    return { status: 400, reason: 'Bad Request' };
  }
  // RFC 3261 8.1.1.3: without it nothing that we send could be told from others.
  if (from.tag === undefined) return { status: 400, reason: 'From Without Tag' };
  const target = targetOf(request);
  if (typeof target !== 'string') return target;
  const dialog: Dialog = {
    callId: detached(callId),
    local: detached(to.tag === undefined ? `${bracketed(to_, to.uri)};tag=${localTag}` : to_),
    localTag: detached(to.tag ?? localTag),
    remote: detached(remote),
    remoteTag: detached(from.tag),
    remoteTarget: target,
    // RFC 3261 12.1.1: in order.
    routeSet: request.values('Record-Route').map(detached),
    localCSeq: 0,
    remoteCSeq: cseq.number,
  };
  return tooLarge(dialog, limits) ?? dialog;
}

/**
 * The dialog that a NOTIFY makes for its subscriber (RFC 6665 4.4.1): the route set is the NOTIFY's own, in its order,
 * since we are the server of that request.
 */
export function dialogFromNotify(
  notify: SipMessage,
  localCSeq: number,
  limits: DialogLimits = defaultDialogLimits,
): Dialog | DialogFlaw {
  const dialog = dialogAsServer(notify, '', limits);
  return 'status' in dialog ? dialog : { ...dialog, localCSeq };
}

/** The URI of the one Contact; SUBSCRIBE and NOTIFY must have it, RFC 6665 8.1 and RFC 3261 12.1. */
export function targetOf(request: SipMessage): string | DialogFlaw {
  const contacts = request.values('Contact');
  const uri = contacts.length === 1 ? parseNameAddr(contacts[0]!)?.uri : undefined;
  const scheme = uri === undefined ? undefined : parseUri(uri)?.scheme;
  // Of another scheme there is no way to it; `*` is none.
  if (uri === undefined || (scheme !== 'sip' && scheme !== 'sips')) {
    return { status: 400, reason: 'Contact Missing Or Unusable' };
  }
  return detached(uri);
}

function tooLarge(dialog: Dialog, limits: DialogLimits): DialogFlaw | undefined {
  const { routeSet, callId, local, remote, remoteTarget } = dialog;
  const characters = [callId, local, remote, remoteTarget, ...routeSet].reduce((n, s) => n + s.length, 0);
  if (routeSet.length <= limits.maxRoutes && characters <= limits.maxCharacters) return undefined;
  return { status: 513, reason: 'Message Too Large' };
}

/** The same dialog after a request of the other side: its Contact is the new target. RFC 3261 12.2.2 */
export function refreshed(dialog: Dialog, request: SipMessage): Dialog {
  const target = request.has('Contact') ? targetOf(request) : dialog.remoteTarget;
  return {
    ...dialog,
    remoteCSeq: request.cseq?.number ?? dialog.remoteCSeq,
    ...(typeof target === 'string' ? { remoteTarget: target } : undefined),
  };
}

/** RFC 3261 12.2.2: a request with a lower number than the last one is out of order, 500. */
export function isInOrder(dialog: Dialog, request: SipMessage): boolean {
  return (request.cseq?.number ?? -1) > dialog.remoteCSeq;
}

/** The next request of ours in the dialog, and the URI of the hop it goes to. RFC 3261 12.2.1.1 */
export function requestIn(
  dialog: Dialog,
  method: string,
): { readonly dialog: Dialog; readonly request: UacRequest; readonly nextHop: string } {
  const localCSeq = dialog.localCSeq + 1;
  const hop = nextHopOf(dialog.remoteTarget, dialog.routeSet);
  const strict = hop.edits.find((edit) => edit.op === 'set-lines');
  const request: UacRequest = {
    method,
    uri: hop.requestUri,
    from: dialog.local,
    to: dialog.remote,
    callId: dialog.callId,
    cseq: localCSeq,
    routes: strict?.op === 'set-lines' ? strict.values : dialog.routeSet,
  };
  return { dialog: { ...dialog, localCSeq }, request, nextHop: hop.uri };
}

/** A bare URI with a tag behind it needs its brackets, RFC 3261 20.10. */
function bracketed(value: string, uri: string): string {
  return value.includes('<') ? value : `<${uri}>`;
}
