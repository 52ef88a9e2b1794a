import { type ForwardTarget, type HeaderEdit, type InDialog, type SipMessage, parseUri } from '@esinet/sip';
import { type ChatBinding, type ChatFlow, canonicalUser, privateIdentity } from './chat-flow.js';
import { callbackPriority, esinetPriority, police, policeResponse, trustedHistory } from './police.js';
import type { BorderPolicy, Source } from './policy.js';
import type { ScreenContext, Screening } from './screen.js';
import { inwards, outwards, translateHeaders, translateUri } from './translate.js';
import { by, WaysOut } from './way-out.js';

/** Which way a request within a dialog goes: the side of the listener that its Route names. */
export function sideOf(dialog: InDialog, source: Source): Source['side'] {
  const listener = dialog.listener ?? source.listener;
  return listener.startsWith('private-') ? 'private' : 'public';
}

/** Under which name the way to the far end of a dialog may be remembered as well. */
export function dialogChatKey(request: SipMessage): { readonly chat: string; readonly user: string } {
  return { chat: dialogKey(request), user: canonicalUser(request.to?.uri ?? '') };
}

export function dialogKey(request: SipMessage): string {
  return `sip:${request.callId ?? ''}`;
}

/**
 * A request within a dialog (RFC 3261 12.2, 16.12): nobody is looked up, no service is asked for. Inwards it follows what
 * is left of its Route, or its Request-URI. Outwards it goes the way the dialog came or went, and never to an address
 * that only the message names.
 */
export function screenInDialog(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  { dialog, to }: { readonly dialog: InDialog; readonly to: Source['side'] },
  chat: ChatBinding | undefined,
): Screening {
  return to === 'private' ? goIn(request, source, context) : goOut(request, source, context, dialog, chat);
}

function goIn(request: SipMessage, source: Source, context: ScreenContext): Screening {
  const { policy, hops } = context;
  const inside = source.side === 'private';
  const uri = translateUri(request.requestUri, inwards(policy));
  const target: ForwardTarget = uri === request.requestUri ? {} : { uri };
  const parsed = parseUri(uri);
  // A PSAP that calls itself by the private domain, and no Route before it: the host table knows it.
  const named = !request.has('Route') && parsed?.host === policy.privateDomain ? hops.psap(parsed.user) : [];
  return {
    traffic: 'dialog',
    why: 'dialog inwards',
    decision: {
      kind: 'forward',
      targets:
        named.length > 0 ? named.map((hop) => ({ ...target, ...by(context, 'private', hop) })) : [target],
      edits: inside ? [] : policed(request, source, policy),
      responseEdits: (response) => translateHeaders(response, outwards(policy)),
    },
    ...(!inside && {
      remember: {
        chats: [dialogKey(request)],
        users: [canonicalUser(request.from?.uri ?? '')],
        secretLength: 0,
      },
    }),
  };
}

function goOut(
  request: SipMessage,
  source: Source,
  context: ScreenContext,
  dialog: InDialog,
  chat: ChatBinding | undefined,
): Screening {
  const { policy, hops } = context;
  const out = new WaysOut(request, source, context);
  // The end may have come in anew since the dialog was set up: what it was last seen on goes first.
  if (chat) out.addChat(chat.current);
  if (dialog.way && !isSame(dialog.way, chat?.current)) {
    const way = hops.beyond(dialog.way, dialog.listener ?? source.listener);
    if (way) out.add({ ...way, edits: privateIdentity(request) });
  }
  if (chat?.alternate) out.addChat(chat.alternate);
  if (out.ways.length === 0) {
    const decision = { kind: 'reject', status: 480, headers: [] } as const;
    return { traffic: 'dialog', why: 'connection gone', decision };
  }
  const inside = source.side === 'private';
  return {
    traffic: 'dialog',
    why: 'dialog outwards',
    ways: out.ways,
    decision: {
      kind: 'forward',
      ...out.decided([
        ...translateHeaders(request, outwards(policy), [{ name: 'Route' }]),
        ...(inside
          ? callbackPriority(request, dialog.begun === 'far', policy)
          : esinetPriority(request, undefined)),
      ]),
      responseEdits: (response) => {
        const taken = believed(dialog, chat) ? [] : policeResponse(response, policy);
        return [...taken, ...translateHeaders(response, inwards(policy), taken)];
      },
    },
  };
}

/** As for the first request of the dialog, but what is left of its Route is its way and stays. */
function policed(request: SipMessage, source: Source, policy: BorderPolicy): HeaderEdit[] {
  const edits = police(request, source, policy).filter(({ name }) => name !== 'Route');
  if (request.has('History-Info')) {
    const history = trustedHistory(request, source, policy);
    edits.push(
      history.length > 0
        ? { op: 'set-lines', name: 'History-Info', values: history }
        : { op: 'remove', name: 'History-Info' },
    );
  }
  return [...edits, ...translateHeaders(request, inwards(policy), [...edits, { name: 'Route' }])];
}

function isSame(way: NonNullable<InDialog['way']>, flow: ChatFlow | undefined): boolean {
  return (
    flow !== undefined &&
    flow.transport === way.transport &&
    flow.address === way.address &&
    flow.port === way.port
  );
}

/** Whether the far end is a peer that is believed: it came in as one, or its certificate was asked for by name. */
function believed({ way }: InDialog, chat: ChatBinding | undefined): boolean {
  return chat ? chat.current.peer !== undefined && !chat.alternate : way?.serverName !== undefined;
}
