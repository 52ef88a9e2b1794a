import { silentLogger } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { TryingRecords } from '../psap-fixture.js';
import { worse } from './said-state.js';
import { ServiceDesk } from './service-desk.js';

const uriOf = (centre: string): string => `sip:${centre}@psap.example`;

function desk(o: { records?: TryingRecords; attended?: (centre: string) => boolean } = {}) {
  const records = o.records ?? new TryingRecords();
  const made = new ServiceDesk({
    domain: 'psap.example',
    uriOf,
    records,
    logger: silentLogger,
    ...(o.attended && { attended: o.attended }),
  });
  let changes = 0;
  made.source('madrid').onChange(() => changes++);
  return { desk: made, records, changes: () => changes };
}

describe('what is said of a service', () => {
  it('is Normal and Green at first', () => {
    expect(desk().desk.state('madrid')).toEqual({
      service: { name: 'PSAP', serviceId: 'sip:madrid@psap.example', domain: 'psap.example' },
      serviceState: { state: 'Normal' },
      securityPosture: { posture: 'Green' },
    });
  });

  it('holds for all, or for one centre, and of both the worse counts', async () => {
    const { desk: made, changes } = desk();
    await made.say({ state: 'Partial', reason: 'few seats', posture: 'Yellow' });
    await made.say({ state: 'Down', reason: 'fire alarm' }, 'madrid');
    expect(made.now('toledo')).toEqual({ state: 'Partial', reason: 'few seats', posture: 'Yellow' });
    expect(made.now('madrid')).toEqual({ state: 'Down', reason: 'fire alarm', posture: 'Yellow' });
    expect([made.closed('madrid'), made.closed('toledo')]).toEqual([true, false]);
    // A posture alone leaves the state and its reason; a state alone drops the reason of the one before.
    await made.say({ posture: 'Red' }, 'madrid');
    expect(made.now('madrid')).toEqual({ state: 'Down', reason: 'fire alarm', posture: 'Red' });
    await made.say({ state: 'Normal' }, 'madrid');
    expect(made.now('madrid')).toEqual({ state: 'Partial', reason: 'few seats', posture: 'Red' });
    expect(changes()).toBe(4);
  });

  it('is on disk before it is told, and outlives a restart', async () => {
    const { desk: made, records, changes } = desk();
    await made.say({ posture: 'Red' });
    records.failing = true;
    expect(await made.say({ state: 'Down' })).toMatchObject({ ok: false, error: { code: 'not-stored' } });
    expect(made.now()).toEqual({ state: 'Normal', posture: 'Red' });
    expect(changes()).toBe(1);
    records.failing = false;
    await records.put('service-states', 'madrid', { state: 'Unreachable', posture: 'Pink' });
    const next = desk({ records }).desk;
    await next.restore();
    expect(next.now('madrid')).toEqual({ state: 'Normal', posture: 'Red' });
  });

  it('is GoingDown while the process ends, and Unstaffed where nobody is there', () => {
    const { desk: made } = desk({ attended: (centre) => centre === 'madrid' });
    expect([made.now('madrid').state, made.now('toledo').state, made.now().state]).toEqual([
      'Normal',
      'Unstaffed',
      'Normal',
    ]);
    made.drain();
    expect([made.now('toledo').state, made.now().state]).toEqual(['GoingDown', 'GoingDown']);
    expect(made.closed('toledo')).toBe(true);
  });

  it('the worse of two is the same either way round', () => {
    const down = { state: 'Down', posture: 'Green' } as const;
    const red = { state: 'Normal', posture: 'Red' } as const;
    expect(worse(down, red)).toEqual({ state: 'Down', posture: 'Red' });
    expect(worse(red, down)).toEqual({ state: 'Down', posture: 'Red' });
  });
});
