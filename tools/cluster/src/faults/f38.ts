import { type Fault, nothingToHeal } from './fault.js';
import { BareCaller } from '../load/bare-caller.js';
import { psapUrls } from '../load/load.js';
import { readRecords } from '../load/read-records.js';

const counters = [
  2_147_483_646,
  2_147_483_647,
  2_147_483_648,
  4_294_967_295,
  4_294_967_296,
  Number.MAX_SAFE_INTEGER,
];

export const f38: Fault = {
  id: 'F38',
  title: 'counters reach their limits',
  goal: 'no silent stop: what is answered 2xx is recorded',
  answer: 'identifiers are read exactly, or the message counts as one without',
  holdMs: 0,
  async inject({ cluster, load }) {
    const caller = await BareCaller.open(load.balancer.port);
    const chat = caller.newChat();
    const promised: string[] = [];
    for (const id of [1, ...counters]) {
      const text = `counter ${id}`;
      const status = await caller.send(chat, id, text);
      if (status >= 200 && status < 300) promised.push(text);
    }
    return {
      heal: nothingToHeal,
      check: async () => {
        const rows = await readRecords(psapUrls(cluster), [chat], 0);
        await caller.close();
        const kept = new Set(rows.map(({ text }) => text));
        return promised
          .filter((text) => !kept.has(text))
          .map((text) => `${text} was promised and is not recorded`);
      },
      figures: () => ({ promised: promised.length, sent: counters.length + 1 }),
    };
  },
};
