import {
  type Clock,
  type IdSource,
  type Logger,
  type Result,
  err,
  isoTime,
  messageOf,
  ok,
} from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import type { TakersConfig } from './config.js';

/** What a call taker wrote down beside a chat, for colleagues. It never goes to the caller. */
export interface Note {
  readonly note: string;
  readonly chat: string;
  /** RFC 3339 */
  readonly at: string;
  readonly by?: string;
  readonly text: string;
  /** URI of the centre it came from in a transfer. */
  readonly from?: string;
}

export interface NoteRefusal {
  readonly code: 'too-long' | 'too-many-notes' | 'not-stored';
  readonly message: string;
}

/** Collection of Records, `<chat>/<RFC 3339>/<note>`. */
export const notesCollection = 'notes';

export interface NoteRecord extends Note {
  readonly version: 1;
}

/** Notes of chats. */
export class Notes {
  constructor(
    private readonly o: {
      readonly records: Records;
      readonly clock: Clock;
      readonly ids: IdSource;
      readonly logger: Logger;
      readonly config: Pick<TakersConfig, 'notes' | 'noteBytes'>;
    },
  ) {}

  async add(chat: string, text: string, by?: string): Promise<Result<Note, NoteRefusal>> {
    const { records, clock, ids, config, logger } = this.o;
    if (Buffer.byteLength(text) > config.noteBytes) {
      return err({ code: 'too-long', message: `a note has at most ${config.noteBytes} bytes` });
    }
    const note: Note = {
      note: ids.token(16),
      chat,
      at: isoTime(clock.wall()),
      text,
      ...(by !== undefined && { by }),
    };
    try {
      if ((await this.of(chat)).filter((n) => n.from === undefined).length >= config.notes) {
        return err({ code: 'too-many-notes', message: `a chat has at most ${config.notes} notes` });
      }
      const record: NoteRecord = { version: 1, ...note };
      await records.append(notesCollection, noteKey(record), record);
      return ok(note);
    } catch (error) {
      logger.error('note not stored', { reason: messageOf(error) });
      return err({ code: 'not-stored', message: 'the note cannot be stored now' });
    }
  }

  /** Oldest first. @throws RecordsError */
  of(chat: string): Promise<Note[]> {
    return notesOf(this.o.records, chat);
  }
}

/** Notes read of one chat: its own, and what came along with it. */
const read = 5_000;

/** Oldest first. @throws RecordsError */
export async function notesOf(records: Records, chat: string): Promise<Note[]> {
  const rows = await records.list(notesCollection, { prefix: `${chat}/`, limit: read });
  return rows.flatMap(({ value }) => {
    if (!isNoteRecord(value)) return [];
    const { version: _version, ...note } = value;
    return [note];
  });
}

export function noteKey({ chat, at, note }: Note): string {
  return `${chat}/${at}/${note}`;
}

function isNoteRecord(value: unknown): value is NoteRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'text' in value
  );
}
