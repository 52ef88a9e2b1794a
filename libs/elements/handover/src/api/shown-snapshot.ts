import type { Withheld } from '@esinet/handover';
import { mapMessage } from '../map-record.js';
import { messageParts } from '../message-parts.js';
import type { Authorisation } from '../model.js';
import type { FrozenMessage } from '../snapshot.js';

/** One message as a reviewer looks at it: what would be handed over of it, and a mark for what would not. */
export interface ShownMessage {
  readonly index: number;
  readonly scope: FrozenMessage['scope'];
  readonly chat: string;
  readonly callId: string;
  readonly direction: 'in' | 'out';
  readonly kind: string;
  readonly sender: string;
  readonly time: string;
  readonly text?: string;
  readonly parts: readonly {
    readonly index: number;
    readonly contentType: string;
    readonly bytes?: number;
  }[];
  readonly location?: object;
  readonly withheld: readonly Withheld[];
}

/** Of somebody else's message nothing is shown beyond that it is there: a reviewer has no order for it either. */
export function shownSnapshot(
  messages: readonly FrozenMessage[],
  authorisation: Pick<Authorisation, 'categories'>,
): ShownMessage[] {
  return messages.map(({ chat, message, scope, selector }, index): ShownMessage => {
    const { item, objects } = mapMessage(message, chat, scope, {
      ...{ authorisation, selector, levelId: 1, sequenceNumber: index, parts: messageParts(message.raw) },
      objectUrl: () => ({ url: '', expiry: '' }),
    });
    const record = item.metadata[0]?.record;
    const sender = message.direction === 'out' ? message.centre : message.sender;
    return {
      ...{ index, scope, chat: chat.chat, callId: chat.callId, direction: message.direction },
      ...{ kind: message.kind, sender: scope === 'in-scope' ? sender : '', time: message.at },
      ...(record?.texts[0] && { text: record.texts.map(({ text }) => text).join('\n') }),
      parts: (record?.parts ?? []).map(({ index: part, contentType, object }) => {
        const octets = object === undefined ? undefined : objects.get(object)?.octets;
        return { index: part, contentType, ...(octets && { bytes: octets.length }) };
      }),
      ...(record?.location && { location: record.location }),
      withheld: record?.withheld ?? [],
    };
  });
}
