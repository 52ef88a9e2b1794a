import { ManualClock, silentLogger } from '@esinet/kernel';
import { type QueueState, StateTable } from '@esinet/states';
import { expect, it } from 'vitest';
import { InProcessBus } from '../bus/in-process-bus.js';
import { type NamedState, StateAnnouncer, hearStates } from './state-announcer.js';

const queue: QueueState = {
  queueUri: 'sip:madrid@psap.example',
  queueLength: 0,
  queueMaxLength: 5,
  state: 'Active',
};

function announcing() {
  const clock = new ManualClock();
  const bus = new InProcessBus({ logger: silentLogger, clock });
  const told: { subject: string; payload: unknown }[] = [];
  bus.subscribe('states.*.*', (payload, subject) => void told.push({ subject, payload }));
  let states: NamedState[] = [
    { kind: 'element', state: { elementId: 'psap.example', state: 'Normal' } },
    {
      kind: 'service',
      state: { service: { name: 'PSAP', domain: 'psap.example' }, serviceState: { state: 'Normal' } },
    },
    { kind: 'queue', state: queue },
  ];
  const announcer = new StateAnnouncer({
    bus,
    clock,
    logger: silentLogger,
    everyMs: 60_000,
    states: () => states,
  });
  return { clock, bus, told, announcer, set: (next: NamedState[]) => void (states = next) };
}

it('tells every state at the start and at intervals, as JSON under a subject of its own', async () => {
  const { clock, told, announcer } = announcing();
  announcer.start();
  await clock.run(10);
  expect(told.map(({ subject }) => subject)).toEqual([
    'states.element.psap=2eexample',
    'states.service.PSAP=40psap=2eexample',
    'states.queue.sip=3amadrid=40psap=2eexample',
  ]);
  expect(told[2]?.payload).toEqual(queue);
  await clock.run(60_000, 1_000);
  expect(told).toHaveLength(6);
  announcer.close();
});

it('tells what has changed, many changes as one, and never Unreachable', async () => {
  const { clock, told, announcer, set } = announcing();
  announcer.start();
  await clock.run(10);
  told.length = 0;
  for (let queueLength = 1; queueLength <= 20; queueLength++) {
    set([{ kind: 'queue', state: { ...queue, queueLength } }]);
    announcer.changed();
  }
  await clock.run(150);
  expect(told.map(({ payload }) => payload)).toEqual([{ ...queue, queueLength: 20 }]);
  set([{ kind: 'queue', state: { ...queue, state: 'Unreachable' } }]);
  announcer.changed();
  await clock.run(150);
  expect(told).toHaveLength(1);
  set([{ kind: 'queue', state: { ...queue, state: 'Inactive' } }]);
  announcer.changed();
  announcer.close();
  await clock.run(10);
  expect(told).toHaveLength(2);
});

it('fills a table, also of one that comes later, and leaves out what is no state', async () => {
  const { clock, bus, announcer } = announcing();
  announcer.start();
  await clock.run(10);
  const table = new StateTable({ clock, busSilenceMs: 150_000 });
  hearStates(bus, table);
  bus.publish('states.queue.x', 'no state');
  bus.publish('states.queue.y', { queueUri: 'sip:y@psap.example', state: 'Unreachable' });
  bus.publish('states.weather.z', queue);
  await clock.run(150);
  expect(table.list()).toHaveLength(3);
  expect(table.queue(queue.queueUri)?.state).toBe('Active');
  announcer.close();
  await clock.run(200_000, 1_000);
  expect(table.queue(queue.queueUri)?.state).toBe('Unreachable');
  expect(table.element('psap.example')?.state).toBe('Unreachable');
  table.close();
});
