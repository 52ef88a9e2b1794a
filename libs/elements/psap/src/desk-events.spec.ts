import { ManualClock, silentLogger } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { DeskEvents } from './desk-events.js';

it('is heard in one order by all, also what a listener tells because of what it heard', () => {
  const events = new DeskEvents(new ManualClock(), silentLogger);
  const heard: number[] = [];
  events.watch(({ type }) => {
    if (type === 'chat') events.tell({ type: 'queue', data: {} });
  });
  events.watch(() => {
    throw new Error('not taken');
  });
  const leave = events.watch(({ id }) => heard.push(id));
  events.tell({ type: 'chat', data: {} });
  events.tell({ type: 'chat', data: {} });
  expect(heard).toHaveLength(4);
  expect(heard).toEqual([...heard].sort((a, b) => a - b));
  leave();
  events.tell({ type: 'note', data: {} });
  expect(heard).toHaveLength(4);
});
