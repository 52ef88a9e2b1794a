import type { Heard, History, Recorded, Said } from './history.js';

/** What a run promised and what became of it. */
export interface Verdict {
  readonly said: number;
  /** Answered 2xx. */
  readonly promised: number;
  readonly recorded: number;
  /** Answered otherwise, or not at all: the caller knows. */
  readonly refused: number;
  /** The same by what they were and what was said to them: `start 480`; 0 is no answer at all. */
  readonly refusedBy: Readonly<Record<string, number>>;
  /** Under way when the books were closed. */
  readonly open: number;
  /** Promised, and neither recorded nor reported as failed. Nothing else is as bad. */
  readonly lost: readonly string[];
  /** Recorded twice, or told twice to one call taker. */
  readonly doubled: readonly string[];
  /** Recorded before what was said earlier in the chat. */
  readonly disordered: readonly string[];
  /** Recorded, and never said. */
  readonly strange: readonly string[];
  /** Chats with two starts in one record, or whose caller was greeted twice by one centre. */
  readonly doubleStarts: readonly string[];
  /** Chats that came to more than one centre: a start that seemed to go nowhere was routed again. */
  readonly atTwoCentres: readonly string[];
  /** `chat messageId` that stand for two texts of the PSAP. */
  readonly reusedMessageIds: readonly string[];
  /** The other way. */
  readonly answers: {
    readonly said: number;
    readonly promised: number;
    readonly failed: number;
    readonly pending: number;
    /** Recorded as delivered, and never shown to the caller. */
    readonly lost: readonly string[];
    readonly doubled: readonly string[];
  };
}

export function judge(history: History): Verdict {
  const { said, recorded, told, heard } = history;
  const notices = new Set(history.notices);
  const incoming = recorded.filter((row) => row.direction === 'in' && row.text !== '');
  const kept = new Set(incoming.map(({ text }) => text));
  const answered = said.filter((each) => each.status !== undefined);
  const promised = answered.filter(isPromised);
  const known = new Set(said.map(({ text }) => text));
  return {
    said: said.length,
    promised: promised.length,
    recorded: kept.size,
    refused: answered.length - promised.length,
    refusedBy: refusalsOf(answered),
    open: said.length - answered.length,
    lost: promised.map(({ text }) => text).filter((text) => !kept.has(text) && !notices.has(text)),
    doubled: [
      ...new Set([
        ...repeated(incoming.map(({ record, text }) => `${record}\n${text}`)).map(lastLine),
        // Of others, such as garbage that a fault sends, nobody knows how often they were said.
        ...repeated(
          told
            .filter(({ text }) => known.has(text))
            .map(({ reader, record, text }) => `${reader} ${record}\n${text}`),
        ).map(lastLine),
      ]),
    ],
    disordered: disorderedOf(said, incoming),
    strange: incoming.map(({ text }) => text).filter((text) => !known.has(text)),
    doubleStarts: doubleStartsOf(recorded, heard),
    atTwoCentres: repeated(
      [...new Set(recorded.map(({ chat, record }) => `${record}\n${chat}`))].map(lastLine),
    ),
    reusedMessageIds: reusedOf(recorded, heard),
    answers: answersOf(recorded, heard),
  };
}

export function isPromised({ status }: Said): boolean {
  return status !== undefined && status >= 200 && status < 300;
}

function refusalsOf(answered: readonly Said[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const each of answered) {
    if (isPromised(each)) continue;
    const what = `${each.start ? 'start' : 'text'} ${each.status ?? 0}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
}

/** Nothing lost, doubled, disordered, made up or greeted twice, in either direction. */
export function isClean(v: Verdict): boolean {
  const wrong = [v.lost, v.doubled, v.disordered, v.strange, v.doubleStarts, v.reusedMessageIds];
  return [...wrong, v.answers.lost, v.answers.doubled].every((each) => each.length === 0);
}

function answersOf(recorded: readonly Recorded[], heard: readonly Heard[]): Verdict['answers'] {
  const own = recorded.filter(({ direction, text }) => direction === 'out' && text !== '');
  const shown = new Set(heard.map(keyOf));
  const promised = own.filter(({ delivery }) => delivery === 'delivered');
  return {
    said: own.length,
    promised: promised.length,
    failed: own.filter(({ delivery }) => delivery === 'failed').length,
    pending: own.filter(({ delivery }) => delivery === 'pending').length,
    lost: promised.filter((row) => !shown.has(keyOf(row))).map(keyOf),
    doubled: repeated(heard.map(keyOf)),
  };
}

/** Two chats may be told the same words, and one chat twice by two messages. */
function keyOf({ chat, messageId, text }: { chat: string; messageId?: number; text: string }): string {
  return `${chat} ${messageId ?? '-'} ${text}`;
}

/** Within one record, against the order in which they were said. */
function disorderedOf(said: readonly Said[], incoming: readonly Recorded[]): string[] {
  const place = new Map<string, number>();
  for (const [index, { text }] of said.entries()) place.set(text, index);
  const last = new Map<string, number>();
  const wrong: string[] = [];
  for (const { record, text } of incoming) {
    const index = place.get(text);
    if (index === undefined) continue;
    const before = last.get(record) ?? -1;
    if (index < before) wrong.push(text);
    last.set(record, Math.max(before, index));
  }
  return wrong;
}

function doubleStartsOf(recorded: readonly Recorded[], heard: readonly Heard[]): string[] {
  const starts = recorded.filter(({ kind, direction }) => kind === 'start' && direction === 'in');
  const greetings = heard.filter(({ kind }) => kind === 'start');
  return [
    ...new Set([
      ...repeated(starts.map(({ record }) => record)),
      ...repeated(greetings.map(({ chat, sender }) => `${chat} ${sender}`)),
    ]),
  ];
}

function reusedOf(recorded: readonly Recorded[], heard: readonly Heard[]): string[] {
  const texts = new Map<string, string>();
  const reused = new Set<string>();
  const look = (key: string, text: string): void => {
    const before = texts.get(key);
    if (before !== undefined && before !== text) reused.add(key);
    texts.set(key, text);
  };
  for (const { direction, record, messageId, text } of recorded) {
    if (direction === 'out' && messageId !== undefined) look(`${record} ${messageId}`, text);
  }
  for (const { chat, sender, messageId, text } of heard) {
    if (messageId !== undefined) look(`${chat} ${sender} ${messageId}`, text);
  }
  return [...reused];
}

function lastLine(key: string): string {
  return key.slice(key.indexOf('\n') + 1);
}

function repeated(values: readonly string[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) twice.add(value);
    seen.add(value);
  }
  return [...twice];
}
