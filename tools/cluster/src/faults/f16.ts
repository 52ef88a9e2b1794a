import { calm } from '../disturb/udp-balancer.js';
import type { Fault } from './fault.js';

export const f16: Fault = {
  id: 'F16',
  title: 'one datagram in ten is lost, one in ten comes twice, one in ten late',
  goal: 'all answered, nothing delivered twice, order kept',
  answer: 'timers E and F; retransmissions are answered with the answer that was given',
  load: { ways: ['udp'] },
  bounds: { refusedShare: 0 },
  holdMs: 10_000,
  random: true,
  inject({ load: { balancer } }) {
    balancer.weather = { loss: 0.1, duplicate: 0.1, late: 0.1, lateMs: 60 };
    return Promise.resolve({
      heal: () => {
        balancer.weather = calm;
        return Promise.resolve();
      },
      figures: () => ({ ...balancer.counts }),
    });
  },
};
