import { type Fault } from './fault.js';
import { limit } from './limits.js';

/** Octets a file of the PSAP may have: less than its records have already. */
const full = 4_096;

export const f26: Fault = {
  id: 'F26',
  title: 'the PSAP cannot write: files may not grow',
  goal: 'lost 0; goes on by itself when there is room',
  answer: 'what is not on disk is not promised: 5xx, readiness off, and the caller’s APP tries again',
  needs: ['prlimit'],
  holdMs: 4_000,
  inject({ cluster }) {
    const { pid } = cluster.process('psap-1');
    limit(pid, 'fsize', full);
    return Promise.resolve({
      heal: () => {
        limit(pid, 'fsize', 'unlimited');
        return Promise.resolve();
      },
    });
  },
};
