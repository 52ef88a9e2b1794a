import { ManualClock, silentLogger } from '@esinet/kernel';
import { InProcessBus, MemoryStore, type Store } from '@esinet/platform';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from './audit-trail.js';
import { BadActors } from './bad-actors.js';
import { badActorsConfigSchema } from './config.js';
import { SharedMeasures } from './shared-measures.js';
import { type SourceKey, sealed } from './source-key.js';
import { SourceRegister } from './source-register.js';
import { TestCalls } from './test-calls.js';

const meta = { clause: 'NENA i3 BadActors' };
const eve: SourceKey = { origin: '192.0.2.66', identity: '192.0.2.66 eve', measured: '192.0.2.66' };

interface Border {
  readonly actors: BadActors;
  readonly sources: SourceRegister;
  readonly entries: AuditEntry[];
}

let clock: ManualClock;
let store: MemoryStore;
let bus: InProcessBus;
const closing: (() => void)[] = [];
beforeEach(() => {
  clock = new ManualClock();
  store = new MemoryStore({ clock });
  bus = new InProcessBus({ logger: silentLogger, clock });
});
afterEach(async () => {
  for (const close of closing.splice(0)) close();
  await bus.close();
});

function border(instance: string, o: { bus?: InProcessBus; store?: Store; secret?: string } = {}): Border {
  const entries: AuditEntry[] = [];
  const shared = new SharedMeasures({
    ...{ store: o.store ?? store, bus: o.bus ?? bus, clock, logger: silentLogger, instance },
    ...{ rememberMs: 7_200_000, max: 100 },
  });
  const sources = new SourceRegister({
    ...{ clock, domain: 'bcf.example', rememberMs: 7_200_000, max: 100 },
    ...(o.secret !== undefined && { secret: o.secret }),
    tell: (id, key) => shared.remember(id, sealed(key)),
    forgotten: (id) => shared.forget(id),
  });
  const audit = { append: (entry: AuditEntry) => Promise.resolve(void entries.push(entry)) };
  const config = badActorsConfigSchema.parse({ duration: '1 min' });
  const actors = new BadActors(config, { clock, bus: o.bus ?? bus, sources, audit, shared });
  closing.push(() => actors.close());
  return { actors, sources, entries };
}

const settle = () => clock.run(20);

describe('a measure that one border takes', () => {
  it('is in force at the other, and ends there as well, told of once', { meta }, async () => {
    const [a, b] = [border('bcf-1'), border('bcf-2')];
    const id = a.sources.register(eve, 'call-1');
    await settle();
    // The report reaches the border that did not give the identifier.
    expect(await b.actors.report(id, 'psap')).toMatchObject({ id, address: '192.0.2.66' });
    await settle();
    expect([a.actors.of(eve)?.by, b.actors.of(eve)?.by]).toEqual(['psap', 'psap']);
    expect(a.actors.list()[0]?.id).toBe(id);
    await clock.run(60_000, 1_000);
    expect([a.actors.size, b.actors.size]).toEqual([0, 0]);
    expect([...a.entries, ...b.entries].map(({ what }) => what)).toEqual(['reported', 'ended']);
  });

  it('is undone by either, and does not come back', { meta }, async () => {
    const [a, b] = [border('bcf-1'), border('bcf-2')];
    await a.actors.report(a.sources.register(eve, 'call-1'), 'psap');
    const second = b.sources.register(eve, 'call-2');
    await b.actors.report(second, 'psap');
    await settle();
    expect(await b.actors.undo(second, 'operator')).toBeDefined();
    await settle();
    expect([a.actors.size, b.actors.size]).toEqual([0, 0]);
    await clock.run(25_000, 1_000);
    expect([a.actors.size, b.actors.size]).toEqual([0, 0]);
  });

  it(
    'reaches who did not hear of it, or starts later; and comes back to a store that was emptied',
    { meta },
    async () => {
      const deaf = new InProcessBus({ logger: silentLogger, clock });
      const a = border('bcf-1');
      const b = border('bcf-2', { bus: deaf });
      const id = a.sources.register(eve, 'call-1');
      await a.actors.report(id, 'psap');
      await clock.run(11_000, 500);
      expect(b.actors.of(eve)).toBeDefined();
      for (const key of await store.keys('')) await store.delete(key);
      await clock.run(11_000, 500);
      expect(await store.keys('bcf:block')).toHaveLength(2);
      const c = border('bcf-3', { bus: deaf });
      await settle();
      expect(c.actors.of(eve)).toBeDefined();
      // Undone while two of them did not hear: they learn it from the store.
      await a.actors.undo(id, 'operator');
      await clock.run(11_000, 500);
      expect([b.actors.size, c.actors.size]).toEqual([0, 0]);
      await clock.run(60_000, 1_000);
      await clock.run(11_000, 500);
      expect(await store.get('bcf:blocks')).toBe('[]');
      await deaf.close();
    },
  );

  it('goes on with the store away, and nonsense in it or on the bus does no harm', { meta }, async () => {
    const away: Store = new Proxy({} as Store, { get: () => () => Promise.reject(new Error('away')) });
    const [a, b] = [border('bcf-1', { store: away }), border('bcf-2', { store: away })];
    const id = a.sources.register(eve, 'call-1');
    expect(await b.actors.report(id, 'psap')).toBeUndefined();
    expect(await a.actors.report(id, 'psap')).toBeDefined();
    await settle();
    expect(b.actors.of(eve)).toBeDefined();
    const told = { id: 'x', key: sealed(eve), action: 'block', by: 'x', since: 'x', until: 'x' };
    for (const said of [null, 'x', {}, { what: 'measure', from: 'x', measure: told, leftMs: -1 }])
      bus.publish('bcf.blocks', said);
    // No longer than a report here would last.
    bus.publish('bcf.blocks', {
      ...{ what: 'measure', from: 'x', leftMs: 1e12 },
      measure: { ...told, key: { ...told.key, measured: 'other' } },
    });
    await clock.run(61_000, 500);
    expect([a.actors.size, b.actors.size]).toEqual([0, 0]);
    const c = border('bcf-3');
    await store.set('bcf:blocks', '["a","b"]');
    await store.set('bcf:block:a', 'nonsense');
    await clock.run(11_000, 500);
    expect(c.actors.size).toBe(0);
  });

  it('of users and addresses the store says as little as it can', async () => {
    const { sources } = border('bcf-1');
    sources.register({ ...eve, identity: '192.0.2.66 anna@app.example' }, 'call-1');
    await settle();
    const [key = ''] = await store.keys('bcf:source:');
    expect(await store.get(key)).not.toContain('anna');
  });
});

it('with one secret two borders give a call the same identifier, and forget it together', async () => {
  const [a, b] = [border('bcf-1', { secret: 's' }), border('bcf-2', { secret: 's' })];
  expect(a.sources.register(eve, 'call-1')).toBe(b.sources.register(eve, 'call-1'));
  expect(border('bcf-3').sources.register(eve, 'call-1')).not.toBe(a.sources.register(eve, 'call-1'));
  for (let i = 0; i < 50; i++) a.sources.register(eve, `call-${i}`);
  await settle();
  expect((await store.keys('bcf:source:')).length).toBeLessThan(10);
});

it('a test call counts at every border', { meta: { clause: 'TS 103 698 6.1.2.10' } }, async () => {
  const o = { intervalMs: 120_000, max: 100, storeTimeoutMs: 300, clock };
  const [a, b] = [new TestCalls({ ...o, store }), new TestCalls({ ...o, store })];
  a.taken('eve', clock.now());
  await settle();
  expect([await a.allowed('eve', clock.now()), await b.allowed('eve', clock.now())]).toEqual([false, false]);
  expect(await b.allowed('anna', clock.now())).toBe(true);
  clock.advance(120_001);
  expect([await a.allowed('eve', clock.now()), await b.allowed('eve', clock.now())]).toEqual([true, true]);
  const silent: Store = new Proxy({} as Store, { get: () => () => new Promise(() => undefined) });
  const alone = new TestCalls({ ...o, store: silent });
  const asked = alone.allowed('eve', clock.now());
  await clock.run(350);
  expect(await asked).toBe(true);
});
