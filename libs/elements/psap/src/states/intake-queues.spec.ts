import { expect, it } from 'vitest';
import type { DeskEvent } from '../desk.js';
import { IntakeQueues } from './intake-queues.js';

it('is as long as chats wait at a centre, Full at its bound, Inactive where the service is closed', () => {
  const listeners = new Set<(event: DeskEvent) => void>();
  let closed = false;
  let changes = 0;
  const queues = new IntakeQueues({
    desk: {
      watch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    uriOf: (centre) => `sip:${centre}@psap.example`,
    max: 2,
    closed: () => closed,
    onChange: () => void changes++,
  });
  const waiting = (centre: string, length: number): void => {
    const event: DeskEvent = { id: 1, at: '', type: 'queue', centre, data: { centre, length } };
    for (const listener of listeners) listener(event);
  };
  const madrid = queues.source('madrid');
  const seen: string[] = [];
  const unwatch = madrid.onChange(() => void seen.push(JSON.stringify(madrid.current())));
  waiting('madrid', 1);
  waiting('toledo', 1);
  waiting('madrid', 1);
  waiting('madrid', 2);
  expect(seen).toHaveLength(2);
  expect(madrid.current()).toEqual({
    queueUri: 'sip:madrid@psap.example',
    queueLength: 2,
    queueMaxLength: 2,
    state: 'Full',
  });
  waiting('madrid', 0);
  closed = true;
  queues.refresh();
  expect(madrid.current()).toMatchObject({ queueLength: 0, state: 'Inactive' });
  expect([seen.length, changes]).toEqual([4, 4]);
  unwatch();
  closed = false;
  queues.refresh();
  expect(seen).toHaveLength(4);
  queues.close();
  expect(listeners.size).toBe(0);
});
