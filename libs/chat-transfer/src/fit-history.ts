import type { ChatHistory, HistoryMessage, HistoryPart } from './history.js';

/** Octets of `Data` sent: room is left for the rest of the request within 1 MB. */
export const maxHistoryBytes = 900_000;

/**
 * The history within `maxBytes` octets of JSON. The bodies of parts go first, the largest before the others; then the
 * oldest texts with their locations; then whole messages, the oldest first. `Omitted` counts what went.
 */
export function fitHistory(history: ChatHistory, maxBytes = maxHistoryBytes): ChatHistory {
  let excess = bytesOf(history) - maxBytes;
  if (excess <= 0) return history;
  // The count itself takes a few octets.
  excess += 24;
  let omitted = history.Omitted ?? 0;
  const messages = [...history.Messages];
  const change = (index: number, next: HistoryMessage): void => {
    const before = messages[index];
    if (!before) return;
    excess -= bytesOf(before) - bytesOf(next);
    messages[index] = next;
    omitted++;
  };

  const bodies = messages
    .flatMap((message, index) =>
      (message.Parts ?? []).map((part, position) => ({ index, position, size: part.Body?.length ?? 0 })),
    )
    .filter(({ size }) => size > 0)
    .sort((a, b) => b.size - a.size || a.index - b.index);
  for (const { index, position } of bodies) {
    if (excess <= 0) break;
    const message = messages[index];
    if (message?.Parts) {
      change(index, { ...message, Parts: message.Parts.map((p, i) => (i === position ? bodiless(p) : p)) });
    }
  }
  for (const [index, message] of messages.entries()) {
    if (excess <= 0) break;
    if (message.Text === undefined && message.Locations === undefined) continue;
    const { Text: _text, Locations: _locations, ...rest } = message;
    change(index, rest);
  }
  let from = 0;
  for (; excess > 0 && from < messages.length; from++) {
    excess -= bytesOf(messages[from]) + 1;
    omitted++;
  }
  return { ...history, Messages: messages.slice(from), Omitted: omitted };
}

function bodiless({ Body: _body, ...rest }: HistoryPart): HistoryPart {
  return rest;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
