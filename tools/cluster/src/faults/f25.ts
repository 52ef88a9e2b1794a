import type { Fault } from './fault.js';
import { hold } from './kill.js';

/** For each chat that stands: 300 of 40, and fewer on a machine that is asked for less. */
const phonesForChat = 7.5;

export const f25: Fault = {
  id: 'F25',
  title: 'many phones come back at once after an outage',
  goal: 'all chats started, lost 0, back to normal ≤ 20 s',
  answer: 'callers try again with growing pauses; starts are admitted as the processes can',
  load: { starts: 0 },
  bounds: { recoveryMs: 20_000, refusedShare: 0.01 },
  holdMs: 3_000,
  async inject(trouble) {
    const { cluster, load } = trouble;
    const down = await hold(trouble, ...['bcf-1', 'bcf-2'].filter((name) => cluster.has(name)));
    const phones = Math.round(load.shape.chats * phonesForChat);
    for (let i = 0; i < phones; i++) load.startShort();
    return { ...down, figures: () => ({ phones }) };
  },
};
