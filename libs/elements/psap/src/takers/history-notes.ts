import { createHash } from 'node:crypto';
import type { HistoryNote } from '@esinet/chat-transfer';
import { isoTime } from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import { type NoteRecord, noteKey, notesCollection, notesOf } from './notes.js';

/** Notes of a chat that go along in a transfer: the newest that fit, oldest first. @throws RecordsError */
export async function notesForHistory(
  records: Records,
  chat: string,
  maxBytes: number,
): Promise<HistoryNote[]> {
  const all = await notesOf(records, chat);
  let left = maxBytes;
  let from = all.length;
  for (; from > 0; from--) {
    left -= Buffer.byteLength(JSON.stringify(all[from - 1]));
    if (left < 0) break;
  }
  return all.slice(from).map(({ at, by, text }) => ({ At: at, By: by ?? '', Text: text }));
}

/** Keeps what came along with a chat, once however often it comes. @throws RecordsError */
export async function keepHistoryNotes(
  records: Records,
  chat: string,
  notes: readonly HistoryNote[],
  o: { readonly from: string; readonly wallMs: number },
): Promise<void> {
  const known = new Set((await notesOf(records, chat)).map((n) => sameAs(n.at, n.by ?? '', n.text)));
  await Promise.all(
    notes.map(async ({ At, By, Text }) => {
      if (known.has(sameAs(At, By, Text))) return;
      const at = Date.parse(At);
      const record: NoteRecord = {
        version: 1,
        note: createHash('sha256')
          .update(sameAs(At, By, Text))
          .digest('hex')
          .slice(0, 16),
        chat,
        at: Number.isNaN(at) ? isoTime(o.wallMs) : isoTime(at),
        ...(By !== '' && { by: By }),
        text: Text,
        from: o.from,
      };
      await records.append(notesCollection, noteKey(record), record);
    }),
  );
}

function sameAs(at: string, by: string, text: string): string {
  return JSON.stringify([at, by, text]);
}
