import { describe, expect, it } from 'vitest';
import { madrid, statesWorld, watcher } from './states-fixture.js';

const times = {
  heartbeat: 1_000,
  silence: 3_000,
  firstPause: 200,
  longestPause: 1_000,
  refusedPause: 10_000,
};

describe('a watch', () => {
  it(
    'keeps the table as its owner says',
    { meta: { clause: ['RFC 6665 4.1.2.1', 'RFC 6665 4.1.3'] } },
    async () => {
      const world = statesWorld();
      const { clock, told } = world;
      const esrp = watcher(world);
      for (const kind of ['element', 'service', 'queue'] as const) esrp.watch(kind, madrid, times);
      await clock.run(50, 1);
      expect(esrp.table.element('psap.example')?.state).toBe('Normal');
      expect(esrp.table.service('psap', 'PSAP.example')?.serviceState.state).toBe('Normal');
      expect(esrp.table.queue('sip:madrid@PSAP.example;user=x')?.state).toBe('Active');
      told.service.set({
        service: { name: 'PSAP', domain: 'psap.example' },
        serviceState: { state: 'Normal' },
        securityPosture: { posture: 'Red' },
      });
      await clock.run(300, 5);
      expect(esrp.table.service('PSAP', 'psap.example')?.securityPosture?.posture).toBe('Red');
    },
  );

  it(
    'says Unreachable once nothing is heard for so long, and takes it back',
    { meta: { clause: ['RFC 6665 4.1.2.2', 'RFC 6446 6'] } },
    async () => {
      const world = statesWorld();
      const { clock, network } = world;
      const esrp = watcher(world);
      esrp.watch('queue', madrid, times);
      await clock.run(2_500, 10);
      const { heardAt } = esrp.table.list()[0] ?? {};
      network.fate = () => 0;
      await clock.run(1_900, 10);
      expect(esrp.table.queue(madrid)?.state).toBe('Active');
      await clock.run(1_200, 10);
      expect(esrp.table.queue(madrid)).toMatchObject({ state: 'Unreachable', queueMaxLength: 50 });
      expect(esrp.table.list()).toMatchObject([{ heardAt, origin: 'sip' }]);
      network.fate = () => 1;
      await clock.run(4_000, 10);
      expect(esrp.table.queue(madrid)?.state).toBe('Active');
    },
  );

  it(
    'says Unreachable of one that has never answered',
    { meta: { clause: 'RFC 6665 4.1.2.4' } },
    async () => {
      const world = statesWorld();
      world.network.fate = () => 0;
      const esrp = watcher(world);
      esrp.watch('queue', madrid, times);
      esrp.watch('service', 'sip:psap.example', times);
      await world.clock.run(2_900, 10);
      expect(esrp.table.queue(madrid)).toBeUndefined();
      await world.clock.run(200, 10);
      expect(esrp.table.queue(madrid)?.state).toBe('Unreachable');
      expect(esrp.table.service('PSAP', 'psap.example')?.serviceState.state).toBe('Unreachable');
    },
  );

  it(
    'knows nothing of what its owner refuses to tell, and asks again later',
    { meta: { clause: 'RFC 6665 4.1.2.2' } },
    async () => {
      const world = statesWorld({ admits: false });
      const esrp = watcher(world);
      esrp.watch('queue', madrid, times);
      await world.clock.run(9_000, 10);
      expect(esrp.table.queue(madrid)).toBeUndefined();
      expect(world.results).toEqual(['forbidden']);
      await world.clock.run(2_000, 10);
      expect(world.results).toEqual(['forbidden', 'forbidden']);
    },
  );

  it('does not believe what cannot be read, nor take it for silence', async () => {
    const world = statesWorld();
    const { clock, told } = world;
    const esrp = watcher(world);
    esrp.watch('queue', madrid, times);
    await clock.run(50, 1);
    told.queue.set({ queueUri: madrid, queueLength: 0, queueMaxLength: 0, state: 'Odd' as 'Full' });
    await clock.run(10_000, 10);
    expect(esrp.table.queue(madrid)?.state).toBe('Active');
  });

  it(
    'of one that answers and has no room nothing is known',
    { meta: { clause: 'RFC 6665 4.1.2.2' } },
    async () => {
      const world = statesWorld();
      const { clock, notifier } = world;
      const esrp = watcher(world);
      esrp.watch('queue', madrid, times);
      await clock.run(2_500, 10);
      // It lets go of every subscription, and takes no new one.
      void notifier.close(0, 0);
      await clock.run(200, 10);
      expect(notifier.size).toBe(0);
      expect(esrp.table.queue(madrid)?.state).toBe('Active');
      await clock.run(4_000, 10);
      expect(esrp.table.queue(madrid)).toBeUndefined();
    },
  );

  it('unsubscribes when it is closed', { meta: { clause: 'RFC 6665 4.1.2.3' } }, async () => {
    const world = statesWorld();
    const { clock, notifier } = world;
    const esrp = watcher(world);
    const watch = esrp.watch('queue', madrid, times);
    await clock.run(50, 1);
    expect(notifier.size).toBe(1);
    watch.close();
    await clock.run(100, 1);
    expect(notifier.size).toBe(0);
    await clock.run(10_000, 10);
    expect(esrp.table.queue(madrid)?.state).toBe('Active');
  });
});
