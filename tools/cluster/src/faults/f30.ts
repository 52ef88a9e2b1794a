import { type Fault, backIn } from './fault.js';

/** Megabytes of heap: it starts, and little more. */
const heap = 48;

export const f30: Fault = {
  id: 'F30',
  title: 'a router has no heap to spare',
  goal: 'lost 0, refused 0, whether it lives or dies of it',
  answer: 'it tells that it is not ready before it is full, and is started again when it dies',
  load: { starts: 20 },
  bounds: { refusedShare: 0 },
  holdMs: 8_000,
  mayEnd: ['esrp-1'],
  async inject({ cluster }) {
    const router = cluster.process('esrp-1');
    router.wrap = ['env', `NODE_OPTIONS=--max-old-space-size=${heap}`];
    const before = router.exits.length;
    await router.kill();
    await backIn(cluster, 'esrp-1');
    return {
      heal: async () => {
        router.wrap = [];
        await router.kill();
        await backIn(cluster, 'esrp-1');
      },
      figures: () => ({ deaths: Math.max(0, router.exits.length - before - 2) }),
    };
  },
};
