import type { Fault } from './fault.js';
import { nothingToHeal, pause } from './fault.js';
import { BareCaller } from '../load/bare-caller.js';
import { psapUrls } from '../load/load.js';
import { readRecords } from '../load/read-records.js';

export const f18: Fault = {
  id: 'F18',
  title: 'messages of a chat come in another order, or one never comes',
  goal: 'all shown in the order of their identifiers',
  answer: 'a text behind a hole waits two seconds, then it is shown and marked',
  holdMs: 3_000,
  async inject({ cluster, load }) {
    const caller = await BareCaller.open(load.balancer.port);
    const chats: string[] = [];
    for (let i = 0; i < 10; i++) {
      const chat = caller.newChat();
      chats.push(chat);
      for (const id of [1, 3, 2, 6, 5]) await caller.send(chat, id, `bare ${i} ${id}`);
    }
    await pause(3_000);
    return {
      heal: nothingToHeal,
      check: async () => {
        const rows = await readRecords(psapUrls(cluster), chats, 0);
        await caller.close();
        const wrong: string[] = [];
        for (const [i, chat] of chats.entries()) {
          const shown = rows
            .filter((row) => row.chat === chat && row.direction === 'in')
            .map(({ text }) => text);
          const due = [1, 2, 3, 5, 6].map((id) => `bare ${i} ${id}`);
          if (shown.join() !== due.join()) wrong.push(`a chat reads ${shown.join(', ') || 'empty'}`);
        }
        return wrong;
      },
    };
  },
};
