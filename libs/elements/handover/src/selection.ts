import { isInRange } from './in-force.js';
import type { Authorisation, Selector } from './model.js';
import { canonicalUri } from './selectors.js';
import type { StoredChat, StoredMessage } from './stored-chats.js';

/** Whether a chat is one of those an authorisation names, and by which of its selectors. */
export function selectorOf(
  chat: StoredChat,
  { selectors, includeTests }: Pick<Authorisation, 'selectors' | 'includeTests'>,
): Selector | undefined {
  if (chat.test && !includeTests) return undefined;
  const names = new Set([chat.caller, chat.sender].map((name) => canonicalUri(name)));
  return selectors.find(({ kind, value }) => (kind === 'call-id' ? chat.callId === value : names.has(value)));
}

/** What becomes of one message of such a chat. */
export type MessageScope =
  /** Nothing of it is told, not even that it is there. */
  | 'outside'
  | 'in-scope'
  /** That it is there is told, and why it is withheld. */
  | 'other-holder'
  | 'third-party';

export function scopeOf(
  message: StoredMessage,
  chat: StoredChat,
  authorisation: Pick<Authorisation, 'range' | 'categories'>,
): MessageScope {
  if (!isInRange(message.at, authorisation)) return 'outside';
  // A heartbeat tells that somebody is there and where: traffic data, or nothing.
  if (message.kind.startsWith('heartbeat') && !authorisation.categories.includes('traffic')) return 'outside';
  if (message.imported !== undefined) return 'other-holder';
  // Whoever knows a Call Identifier may write into the chat under a name of his own.
  if (message.direction === 'in' && !isOfCaller(message, chat)) return 'third-party';
  return 'in-scope';
}

function isOfCaller({ sender }: StoredMessage, chat: StoredChat): boolean {
  if (sender === chat.sender || sender === chat.caller) return true;
  const name = canonicalUri(sender);
  return name !== undefined && [chat.caller, chat.sender].some((own) => canonicalUri(own) === name);
}
