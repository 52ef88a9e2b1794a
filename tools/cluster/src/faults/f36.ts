import { LAB_PSAPS } from '@esinet/app-esinet';
import { psapDomain } from '../lab/element-config.js';
import { psapUrls } from '../load/load.js';
import type { LoadCaller } from '../load/load-caller.js';
import { listChats } from '../load/read-records.js';
import { type Fault, type Trouble, backIn, nothingToHeal, pause } from './fault.js';

/** Chats transferred when a PSAP dies, each to the next centre. */
const atOnce = 4;
/** A step of a transfer takes some milliseconds, all of it a second or two on a busy machine. */
const longestMs = 1_500;
/** The other side of a transfer has 30 s, and what was begun is ended once more by a PSAP that is new. */
const settleMs = 120_000;

export const f36: Fault = {
  id: 'F36',
  title: 'a PSAP dies in a transfer',
  goal: 'the chat is owned by exactly one centre, no message lost',
  answer:
    'both sides record a step before they answer it; whoever takes the chat up goes on with the transfer, or takes it back when its time is over',
  load: { starts: 2 },
  holdMs: 0,
  async inject(trouble) {
    const { cluster, load, random, rounds = 5, note } = trouble;
    const dying = ['psap-1', 'psap-2'].filter((name) => cluster.has(name));
    const moved = new Set<LoadCaller>();
    let asked = 0;
    for (let round = 0; round < rounds; round++) {
      const callers = load.standing.slice(round * atOnce).slice(0, atOnce);
      for (const caller of callers) moved.add(caller);
      const orders = callers.map((caller) => transfer(trouble, caller.client.callId));
      await pause(random() * longestMs);
      const name = dying[round % dying.length] ?? 'psap-1';
      await cluster.process(name).kill();
      asked += (await Promise.all(orders)).filter(Boolean).length;
      await backIn(cluster, name);
    }
    note(`${asked} of ${moved.size} transfers were agreed; waiting until all of them are over`);
    await until(() => [...moved].every(({ client }) => client.phase === 'open'));
    return {
      heal: nothingToHeal,
      check: () => wrongOwners(psapUrls(cluster), [...moved]),
      figures: () => ({ kills: rounds, transfers: moved.size, agreed: asked }),
    };
  },
};

/** Whether the other centre agreed, as far as the PSAP lived to say so. */
async function transfer({ cluster }: Trouble, callId: string): Promise<boolean> {
  const psaps = psapUrls(cluster);
  try {
    const chats = await listChats(psaps);
    const at = LAB_PSAPS.findIndex(({ slug }) =>
      chats.some((chat) => chat.callId === callId && chat.centre === slug && chat.phase === 'open'),
    );
    const next = LAB_PSAPS[(at + 1) % LAB_PSAPS.length]?.slug ?? '';
    const answer = await fetch(`${psaps.at(-1)}/api/chats/${encodeURIComponent(callId)}/transfer`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ to: `sip:${next}@${psapDomain}` }),
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

async function wrongOwners(psaps: readonly string[], moved: readonly LoadCaller[]): Promise<string[]> {
  let wrong: string[] = [];
  await until(async () => {
    const chats = await listChats(psaps);
    wrong = moved.flatMap(({ name, client: { callId, phase } }) => {
      const held = chats.filter((chat) => chat.callId === callId && isHeld(chat.phase));
      const owners = [...new Map(held.map((chat) => [chat.chat, chat])).values()];
      if (owners.length === 1 && phase === 'open') return [];
      return [
        `${name} (${phase}) is with ${owners.map((o) => `${o.centre} ${o.phase}`).join(', ') || 'nobody'}`,
      ];
    });
    return wrong.length === 0;
  });
  return wrong;
}

const isHeld = (phase: string): boolean => ['open', 'transferring', 'taking'].includes(phase);

/** Resolves when it is so, or when that has been waited for long enough. */
async function until(so: () => boolean | Promise<boolean>): Promise<void> {
  for (const late = performance.now() + settleMs; performance.now() < late;) {
    if (await so()) return;
    await pause(500);
  }
}
