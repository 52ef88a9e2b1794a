import { type Fault, backIn, nothingToHeal, pause } from './fault.js';

export const f05: Fault = {
  id: 'F05',
  title: 'a PSAP is killed at moments of any kind, between write and 200 too',
  goal: 'lost 0, shown twice 0, whatever the moment',
  answer: 'a repeated message is known by Call-ID, CSeq and branch, and by its identifiers of TS 103 698',
  holdMs: 0,
  async inject({ cluster, random, rounds = 10, note }) {
    for (let round = 1; round <= rounds; round++) {
      await pause(100 + random() * 900);
      await cluster.process('psap-1').kill();
      await backIn(cluster, 'psap-1');
      if (round % 10 === 0) note(`${round} kills`);
    }
    return { heal: nothingToHeal, figures: () => ({ kills: rounds }) };
  },
};
