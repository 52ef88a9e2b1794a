import { LAB_PSAPS } from '@esinet/app-esinet';
import type { Recorded } from '../ledger/history.js';

interface ShownChat {
  readonly chat: string;
  readonly callId: string;
  readonly messages: readonly {
    readonly direction: 'in' | 'out';
    readonly kind: string;
    readonly text?: string;
    readonly messageId?: number;
    readonly delivery?: string;
  }[];
}

/** Chats that are read at the same time. */
const atOnce = 8;
const attempts = 20;
const pauseMs = 500;

/**
 * What the records have of these chats, at every centre they came to, through the REST interface of any PSAP that answers.
 * Waits a while for what is still on its way to its caller. @throws where no PSAP answers
 */
export async function readRecords(
  psaps: readonly string[],
  chats: readonly string[],
  settleMs = 15_000,
): Promise<Recorded[]> {
  const records = await recordsByChat(psaps);
  const waiting = [...chats];
  const found = new Map<string, readonly Recorded[]>();
  const until = performance.now() + settleMs;
  const read = async (): Promise<void> => {
    for (let chat = waiting.shift(); chat !== undefined; chat = waiting.shift()) {
      for (;;) {
        const rows: Recorded[] = [];
        // One that is not among the newest is found by its Call Identifier.
        for (const record of records.get(chat) ?? [chat]) rows.push(...(await rowsOf(psaps, record)));
        found.set(chat, rows);
        const pending = rows.some(({ delivery }) => delivery === 'pending');
        if (!pending || performance.now() > until) break;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, read));
  return chats.flatMap((chat) => found.get(chat) ?? []);
}

/**
 * Resolves when every PSAP has its records at hand: one whose server was away knows only what waits on its own disk. At
 * most `patienceMs`; gives what is not there yet.
 */
export async function recordsAtHand(psaps: readonly string[], patienceMs = 90_000): Promise<string[]> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const late = (await Promise.all(psaps.map(recordsNote))).filter((note) => note !== undefined);
    if (late.length === 0 || performance.now() > until) return late;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function recordsNote(psap: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${psap}/readyz`, { signal: AbortSignal.timeout(5_000) });
    const { notes = {} } = (await answer.json()) as { notes?: Readonly<Record<string, string>> };
    return Object.values(notes).find((note) => note.includes('wait on this disk'));
  } catch (error) {
    return String(error);
  }
}

/** A chat as a centre has it. */
export interface ListedChat {
  readonly chat: string;
  readonly callId: string;
  /** `madrid` */
  readonly centre: string;
  readonly phase: string;
}

/** The newest chats of every centre. @throws where no PSAP answers */
export async function listChats(psaps: readonly string[]): Promise<ListedChat[]> {
  const listed: ListedChat[] = [];
  for (const slug of [...LAB_PSAPS.map((psap) => psap.slug), 'default']) {
    const path = `/api/chats?limit=1000&centre=${slug}`;
    const { chats = [] } = (await ask(psaps, path)) as { chats?: ListedChat[] };
    listed.push(...chats);
  }
  return listed;
}

/** Identifiers of records by Call Identifier: one for each centre that has had the chat. */
async function recordsByChat(psaps: readonly string[]): Promise<Map<string, Set<string>>> {
  const found = new Map<string, Set<string>>();
  for (const { chat, callId } of await listChats(psaps)) {
    found.set(callId, (found.get(callId) ?? new Set()).add(chat));
  }
  return found;
}

async function rowsOf(psaps: readonly string[], record: string): Promise<Recorded[]> {
  const shown = (await ask(psaps, `/api/chats/${encodeURIComponent(record)}`)) as Partial<ShownChat>;
  return (shown.messages ?? []).map(({ direction, kind, text = '', messageId, delivery }) => ({
    ...{ chat: shown.callId ?? '', record: shown.chat ?? '', direction, kind, text },
    ...(messageId !== undefined && { messageId }),
    ...(delivery !== undefined && { delivery }),
  }));
}

/** An empty answer where all of them say that there is no such thing. */
async function ask(psaps: readonly string[], path: string): Promise<object> {
  let failure = 'there is no PSAP';
  for (let attempt = 0; attempt < attempts; attempt++) {
    let unknown = 0;
    for (const psap of psaps) {
      try {
        const answer = await fetch(psap + path, { signal: AbortSignal.timeout(10_000) });
        if (answer.ok) return (await answer.json()) as object;
        failure = `${answer.status} ${await answer.text()}`;
        if (answer.status === 404) unknown++;
      } catch (error) {
        failure = String(error);
      }
    }
    if (unknown === psaps.length) return {};
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  throw new Error(`${path} cannot be read: ${failure}`);
}
