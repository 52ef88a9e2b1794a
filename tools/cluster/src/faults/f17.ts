import { calm } from '../disturb/udp-balancer.js';
import { type Fault, backIn, pause } from './fault.js';

export const f17: Fault = {
  id: 'F17',
  title: 'retransmissions cross restarts',
  goal: 'nothing twice in the record of a chat',
  answer: 'the record knows a message by its identifiers, whatever process takes it in',
  load: { ways: ['udp'] },
  holdMs: 0,
  async inject({ cluster, load: { balancer }, random, rounds = 5 }) {
    balancer.weather = { loss: 0.15, duplicate: 0.3, late: 0.3, lateMs: 400 };
    for (let round = 0; round < rounds; round++) {
      for (const name of ['psap-1', 'bcf-1']) {
        await pause(200 + random() * 500);
        await cluster.process(name).kill();
        await backIn(cluster, name);
      }
    }
    return {
      heal: () => {
        balancer.weather = calm;
        return Promise.resolve();
      },
      figures: () => ({ kills: rounds * 2, ...balancer.counts }),
    };
  },
};
