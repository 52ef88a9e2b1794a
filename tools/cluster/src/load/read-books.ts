import type { Recorded, Said } from '../ledger/history.js';
import { isPromised } from '../ledger/judge.js';
import { readRecords, recordsAtHand } from './read-records.js';

/** How often the records are read before what is not in them is lost. */
const mostLooks = 4;

/**
 * What the records have of everything that was said. A PSAP whose server is away for a moment knows less for that moment:
 * what is missed is looked for again.
 */
export async function readBooks(
  psaps: readonly string[],
  said: readonly Said[],
  settleMs?: number,
): Promise<{ readonly recorded: readonly Recorded[]; readonly problems: readonly string[] }> {
  let recorded: readonly Recorded[] = [];
  let chats: readonly string[] = [...new Set(said.map(({ chat }) => chat))];
  for (let look = 1; ; look++) {
    const notes = await recordsAtHand(psaps);
    const found = await readRecords(psaps, chats, settleMs);
    const again = new Set(chats);
    recorded = [...recorded.filter(({ chat }) => !again.has(chat)), ...found];
    chats = missing(said, recorded);
    if (chats.length === 0) return { recorded, problems: [] };
    if (look < mostLooks) continue;
    const problems = notes.map((note) => `read from a PSAP that had not all records at hand: ${note}`);
    return { recorded, problems };
  }
}

/** Chats of which something was promised that is not among these. */
function missing(said: readonly Said[], recorded: readonly Recorded[]): string[] {
  const kept = new Set(recorded.map(({ text }) => text));
  const missed = said.filter((each) => isPromised(each) && !kept.has(each.text));
  return [...new Set(missed.map(({ chat }) => chat))];
}
