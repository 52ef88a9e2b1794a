import type { Fault } from './fault.js';
import { deafServer } from './replace.js';

export const f13: Fault = {
  id: 'F13',
  title: 'a router accepts connections and never reads',
  goal: 'starts go to the other one, gap ≤ 1 s; memory of the borders < +64 MB; chats that run notice nothing',
  answer: 'what waits for a connection is bounded; who is silent is avoided',
  load: { starts: 20 },
  bounds: { startGapMs: 1_000, gapMs: 1_000, refusedShare: 0 },
  async inject(trouble) {
    const border = trouble.cluster.process('bcf-1');
    const before = border.rss ?? 0;
    const deaf = await deafServer(trouble, 'esrp-1', 'sip');
    const growth = (): number => Math.round(((border.rss ?? 0) - before) / 1_048_576);
    return {
      ...deaf,
      check: () => (growth() > 64 ? [`the border grew by ${growth()} MB`] : []),
      figures: () => ({ borderGrowthMb: growth() }),
    };
  },
};
