import { ManualClock } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { StateTable } from './state-table.js';
import type { QueueState, ServiceState, ServiceStateValue } from './state.js';

const domain = 'psap.example';
const queue = (user: string, state: QueueState['state'] = 'Active'): QueueState => ({
  queueUri: `sip:${user}@${domain}`,
  queueLength: 0,
  queueMaxLength: 50,
  state,
});
const service = (state: ServiceStateValue, serviceId?: string): ServiceState => ({
  service: { name: 'PSAP', domain, ...(serviceId !== undefined && { serviceId }) },
  serviceState: { state },
});

function table(o: { busSilenceMs?: number; maxFromBus?: number } = {}) {
  const clock = new ManualClock();
  const made = new StateTable({ clock, ...o });
  const changes: string[] = [];
  made.onChange((kind, state) => void changes.push(`${kind} ${JSON.stringify(state)}`));
  return { clock, table: made, changes };
}

describe('the table of states', () => {
  it('knows nothing at first', () => {
    const { table: t } = table();
    expect([t.element('a'), t.service('PSAP', domain), t.queue('sip:a@b'), t.queue('no uri')]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it.each(['Down', 'ScheduledMaintenanceDown'] as const)(
    'a service that is %s: its queues are Inactive',
    (state) => {
      const { table: t, changes } = table();
      t.heard('queue', queue('madrid'), 'sip');
      t.heard('queue', { ...queue('x'), queueUri: 'sip:x@elsewhere.example' }, 'sip');
      t.heard('service', service(state), 'sip');
      expect(t.queue('sip:madrid@psap.example')?.state).toBe('Inactive');
      expect(t.queue('sip:toledo@psap.example')?.state).toBe('Inactive');
      expect(t.queue('sip:x@elsewhere.example')?.state).toBe('Active');
      expect(changes.at(-1)).toContain('"state":"Inactive"');
      t.heard('service', service('Normal'), 'sip');
      expect(t.queue('sip:madrid@psap.example')?.state).toBe('Active');
      expect(changes.at(-1)).toContain('"state":"Active"');
    },
  );

  it('a centre that is Down: its queue only', () => {
    const { table: t } = table();
    for (const user of ['madrid', 'toledo']) t.heard('queue', queue(user), 'sip');
    t.heard('service', service('Down', 'sip:madrid@psap.example'), 'bus');
    expect(t.queue('sip:madrid@psap.example')?.state).toBe('Inactive');
    expect(t.queue('sip:toledo@psap.example')?.state).toBe('Active');
    expect(t.service('sip:madrid@psap.example', domain)?.serviceState.state).toBe('Down');
    expect(t.service('PSAP', domain)?.serviceState.state).toBe('Down');
    t.heard('service', service('Normal'), 'sip');
    expect(t.service('PSAP', domain)?.serviceState.state).toBe('Normal');
  });

  it('what SIP says counts where there is a subscription', () => {
    const { table: t } = table();
    t.heard('queue', queue('madrid', 'Standby'), 'bus');
    expect(t.queue('sip:madrid@psap.example')?.state).toBe('Standby');
    t.heard('queue', queue('madrid', 'Full'), 'sip');
    t.heard('queue', queue('madrid', 'Active'), 'bus');
    expect(t.queue('sip:madrid@psap.example')?.state).toBe('Full');
    t.lost('queue', queue('madrid'));
    // Calls go by SIP: that the bus still hears of it helps none of them.
    t.heard('queue', queue('madrid', 'Active'), 'bus');
    expect(t.queue('sip:madrid@psap.example')?.state).toBe('Unreachable');
    t.forget('queue', queue('madrid'));
    expect(t.queue('sip:madrid@psap.example')?.state).toBe('Active');
  });

  it('what only the bus has told is Unreachable when it falls silent', () => {
    const { table: t, clock, changes } = table({ busSilenceMs: 1_000 });
    t.heard('element', { elementId: 'bcf.example', state: 'Normal' }, 'bus');
    clock.advance(900);
    t.heard('element', { elementId: 'bcf.example', state: 'Normal' }, 'bus');
    clock.advance(900);
    expect(t.element('BCF.example')?.state).toBe('Normal');
    clock.advance(200);
    expect(t.element('bcf.example')?.state).toBe('Unreachable');
    expect(changes).toHaveLength(2);
    t.heard('element', { elementId: 'bcf.example', state: 'Normal' }, 'bus');
    expect(t.element('bcf.example')?.state).toBe('Normal');
    t.close();
  });

  it('the bus fills it up to a bound, subscriptions beyond', () => {
    const { table: t } = table({ maxFromBus: 2 });
    expect(['a', 'b', 'c'].map((user) => t.heard('queue', queue(user), 'bus'))).toEqual([true, true, false]);
    expect(t.heard('queue', queue('a', 'Full'), 'bus')).toBe(true);
    expect(t.heard('queue', queue('d'), 'sip')).toBe(true);
    expect(t.list()).toHaveLength(3);
    t.close();
  });
});
