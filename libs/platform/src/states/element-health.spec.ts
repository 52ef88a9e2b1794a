import { ManualClock } from '@esinet/kernel';
import { expect, it } from 'vitest';
import { HealthChecks } from '../telemetry/health.js';
import { ElementHealth } from './element-health.js';

it('says of an element what its health checks, its load and its shutdown say', async () => {
  const clock = new ManualClock();
  const health = new HealthChecks(clock);
  let records: string | undefined;
  health.register('records', () => Promise.resolve(records));
  const element = new ElementHealth({ elementId: 'psap.example', health, clock, lookMs: 1_000 });
  const states: string[] = [];
  element.source.onChange(() => void states.push(element.source.current()?.state ?? ''));
  element.start();
  await clock.run(50);
  expect(element.source.current()).toEqual({ elementId: 'psap.example', state: 'Normal' });
  records = 'the disk of /var/lib/esinet is full';
  await clock.run(1_000);
  // The name of the check; where the disk is does not leave the element.
  expect(element.source.current()).toEqual({
    elementId: 'psap.example',
    state: 'ServiceDisruption',
    reason: 'not ready: records',
  });
  records = undefined;
  await clock.run(1_000);
  let late: string | undefined = 'the event loop is late';
  health.register('event-loop', () => Promise.resolve(late));
  await clock.run(1_000);
  expect(element.source.current()?.state).toBe('Overloaded');
  late = undefined;
  await clock.run(1_000);
  element.overloaded(true);
  element.overloaded(false);
  health.drain();
  await clock.run(3_000);
  expect(states).toEqual([
    ...['ServiceDisruption', 'Normal', 'Overloaded', 'Normal'],
    ...['Overloaded', 'Normal', 'GoingDown'],
  ]);
  element.close();
});
