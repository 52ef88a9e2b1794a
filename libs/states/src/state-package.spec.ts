import { describe, expect, it } from 'vitest';
import { madrid, statesWorld, watcher } from './states-fixture.js';

describe('the event packages of states', () => {
  it(
    'tell the state at once, and each change',
    { meta: { clause: ['RFC 6665 4.2.1.2', 'RFC 6665 4.2.2', 'RFC 6665 7.2'] } },
    async () => {
      const world = statesWorld();
      const { clock, told } = world;
      const esrp = watcher(world);
      esrp.subscribe('queue');
      await clock.run(50, 1);
      expect(esrp.bodies).toEqual([
        { queueUri: madrid, queueLength: 0, queueMaxLength: 50, state: 'Active' },
      ]);
      expect(esrp.notifies[0]?.notify.header('Content-Type')).toBe(
        'application/EmergencyCallData.QueueState+json',
      );
      expect(esrp.notifies[0]?.notify.header('Event')).toBe('emergency-QueueState');
      told.queue.set({ queueUri: madrid, queueLength: 50, queueMaxLength: 50, state: 'Full' });
      await clock.run(300, 5);
      expect(esrp.bodies.at(-1)).toMatchObject({ queueLength: 50, state: 'Full' });
      expect(esrp.notifies).toHaveLength(2);
      expect(world.packages[2].watched).toBe(1);
    },
  );

  it('one subscriber may have all three, each a subscription of its own', async () => {
    const world = statesWorld();
    const esrp = watcher(world);
    for (const kind of ['element', 'service', 'queue'] as const) esrp.subscribe(kind);
    await world.clock.run(50, 1);
    expect(esrp.bodies).toHaveLength(3);
    expect(esrp.bodies).toContainEqual({ elementId: 'psap.example', state: 'Normal' });
    expect(world.notifier.types).toEqual([
      'emergency-ElementState',
      'emergency-ServiceState',
      'emergency-QueueState',
    ]);
  });

  it(
    'many changes are told as one, no faster than is allowed or asked for',
    { meta: { clause: ['RFC 6446 5.2', 'RFC 6665 4.2.2'] } },
    async () => {
      const world = statesWorld();
      const { clock, told } = world;
      const esrp = watcher(world);
      const slow = watcher(world, '192.0.2.2');
      esrp.subscribe('queue');
      slow.subscribe('queue', { event: 'emergency-QueueState;max-rate=0.5' });
      await clock.run(50, 1);
      for (let n = 1; n <= 200; n++) {
        told.queue.set({ queueUri: madrid, queueLength: n, queueMaxLength: 500, state: 'Active' });
        await clock.run(10, 5);
      }
      await clock.run(2_500, 10);
      // Two seconds at five a second, and the first and the last.
      expect(esrp.notifies.length).toBeLessThanOrEqual(12);
      expect(esrp.notifies.length).toBeGreaterThanOrEqual(9);
      expect(slow.notifies.length).toBeLessThanOrEqual(4);
      for (const each of [esrp, slow]) expect(each.bodies.at(-1)).toMatchObject({ queueLength: 200 });
    },
  );

  it(
    'an unchanged state is told as often as is asked for',
    { meta: { clause: 'RFC 6446 6.2' } },
    async () => {
      const world = statesWorld();
      const esrp = watcher(world);
      esrp.subscribe('service', { event: 'emergency-ServiceState;min-rate=1', expires: 600 });
      await world.clock.run(5_050, 10);
      expect(esrp.notifies.length).toBe(6);
      expect(esrp.notifies[1]?.state.rates.min).toBe(1);
    },
  );

  it('what changed and changed back is no news', async () => {
    const world = statesWorld();
    const { clock, told } = world;
    const esrp = watcher(world);
    esrp.subscribe('element');
    await clock.run(50, 1);
    told.element.set({ elementId: 'psap.example', state: 'Overloaded' });
    told.element.set({ elementId: 'psap.example', state: 'Normal' });
    await clock.run(1_000, 10);
    expect(esrp.notifies).toHaveLength(1);
  });

  it(
    'Unreachable is never told: the body is missing then',
    { meta: { clause: 'RFC 6665 5.4.7' } },
    async () => {
      const world = statesWorld();
      const esrp = watcher(world);
      world.told.element.set({ elementId: 'psap.example', state: 'Unreachable' });
      esrp.subscribe('element');
      await world.clock.run(50, 1);
      expect(esrp.notifies).toHaveLength(1);
      expect(esrp.notifies[0]?.notify.body).toHaveLength(0);
    },
  );

  it('a fetch is answered once', { meta: { clause: 'RFC 6665 4.4.3' } }, async () => {
    const world = statesWorld();
    const esrp = watcher(world);
    esrp.subscribe('queue', { expires: 0 });
    await world.clock.run(50, 1);
    expect(esrp.bodies).toMatchObject([{ state: 'Active' }]);
    expect(esrp.ends).toEqual(['{"why":"fetched"}']);
    expect(world.packages[2].watched).toBe(0);
  });

  it.each([
    ['who may not know is 403', { admits: false }, {}, 403, 'forbidden'],
    ['what is not there is 404', {}, { uri: 'sip:madrid@elsewhere.example' }, 404, 'unknown'],
  ] as const)('%s', { meta: { clause: 'RFC 6665 4.2.1.1' } }, async (_what, world, asked, status, result) => {
    const made = statesWorld(world);
    const esrp = watcher(made);
    esrp.subscribe('queue', asked);
    await made.clock.run(50, 1);
    expect(esrp.ends).toEqual([`{"why":"refused","status":${status}}`]);
    expect(made.results).toEqual([result]);
  });

  it.each([
    ['a package that is not there is 489', { event: 'presence' }, 489],
    ['a filter is 415: there is none', { body: { type: 'text/plain', content: 'x' } }, 415],
    ['another form is 406', { accept: ['application/pidf+xml'] }, 406],
  ] as const)(
    '%s',
    { meta: { clause: ['RFC 6665 4.2.1.1', 'RFC 6665 5.4.3', 'RFC 6665 5.4.5'] } },
    async (_what, asked, status) => {
      const made = statesWorld();
      const esrp = watcher(made);
      esrp.subscribe('queue', asked);
      await made.clock.run(50, 1);
      expect(esrp.ends).toEqual([`{"why":"refused","status":${status}}`]);
    },
  );
});
