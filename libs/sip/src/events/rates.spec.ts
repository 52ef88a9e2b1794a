import { describe, expect, it } from 'vitest';
import { parseEvent } from './event-header.js';
import { watcher, weatherStation } from './events-harness.js';
import { earliest, latest, newPace, notifiedAt, withRates } from './pace.js';
import { type RatePolicy, agreeRates, rateParams, readRates } from './rates.js';
import { parseSubscriptionState } from './subscription-state.js';

const policy: RatePolicy = { usualMax: 0.2, highestMax: 1, highestMin: 0.5 };

describe('the parameters', () => {
  const cases: [string, object][] = [
    ['x;max-rate=0.2', { max: 0.2 }],
    ['x;max-rate=99.9999999999;min-rate=0.0000000001', { max: 99.9999999999, min: 1e-10 }],
    ['x;adaptive-min-rate=1;MIN-RATE=2', { adaptiveMin: 1, min: 2 }],
    ['x;max-rate=0', {}],
    ['x;max-rate=0.0', {}],
    ['x;max-rate=100', {}],
    ['x;max-rate=.5', {}],
    ['x;max-rate=1.', {}],
    ['x;max-rate=-1', {}],
    ['x;max-rate=1e1', {}],
    ['x;max-rate=0.12345678901', {}],
    ['x;max-rate', {}],
    ['x;max-rate="0.5"', { max: 0.5 }],
  ];
  it.each(cases)('%s', { meta: { clause: ['RFC 6446 9.2', 'RFC 6446 5.1'] } }, (text, rates) => {
    expect(readRates(parseEvent(text)!.params)).toEqual(rates);
  });

  it('are written within their grammar', { meta: { clause: 'RFC 6446 9.2' } }, () => {
    expect(rateParams({ max: 1 / 3_600, min: 1e-12, adaptiveMin: 1e6 })).toBe(
      ';max-rate=0.0002777778;min-rate=0.0000000001;adaptive-min-rate=99.9999999999',
    );
    expect(rateParams({ max: 10 })).toBe(';max-rate=10');
    expect(rateParams({})).toBe('');
  });
});

describe('what is agreed', () => {
  const hour = 3_600_000;
  it(
    'follows the subscriber within the policy',
    { meta: { clause: ['RFC 6446 4.2', 'RFC 6446 5.3', 'RFC 6446 6.3', 'RFC 6446 7.3'] } },
    () => {
      expect(agreeRates({}, policy, hour)).toEqual({});
      expect(agreeRates({ max: 0.1 }, policy, hour)).toEqual({ max: 0.1 });
      expect(agreeRates({ max: 50 }, policy, hour)).toEqual({ max: 1 });
      expect(agreeRates({ max: 1, min: 0.9 }, policy, hour)).toEqual({ max: 1, min: 0.5 });
      expect(agreeRates({ adaptiveMin: 3 }, policy, hour)).toEqual({ adaptiveMin: 0.2 });
    },
  );

  it(
    'a maximum that would leave nothing to send before the end is raised',
    { meta: { clause: 'RFC 6446 5.3' } },
    () => {
      expect(agreeRates({ max: 0.0001 }, policy, 100_000)).toEqual({ max: 0.01 });
    },
  );

  it(
    'a minimum is never above the maximum, and does not count above the adaptive one',
    { meta: { clause: 'RFC 6446 8' } },
    () => {
      expect(agreeRates({ max: 0.1, min: 0.3 }, policy, hour)).toEqual({ max: 0.1, min: 0.1 });
      expect(agreeRates({ max: 0.1, adaptiveMin: 0.3 }, policy, hour)).toEqual({
        max: 0.1,
        adaptiveMin: 0.1,
      });
      expect(agreeRates({ min: 0.05, adaptiveMin: 0.1 }, policy, hour)).toEqual({
        min: 0.05,
        adaptiveMin: 0.1,
      });
      expect(agreeRates({ min: 0.1, adaptiveMin: 0.1 }, policy, hour)).toEqual({ adaptiveMin: 0.1 });
    },
  );
});

describe('the pace', () => {
  it(
    'of a maximum: not before its reciprocal; without one that of the package',
    { meta: { clause: ['RFC 6446 5.2', 'RFC 3856 6.10'] } },
    () => {
      expect(earliest(notifiedAt(newPace({ max: 0.5 }, 0), 1_000), policy)).toBe(3_000);
      expect(earliest(notifiedAt(newPace({}, 0), 1_000), policy)).toBe(6_000);
      expect(latest(notifiedAt(newPace({}, 0), 1_000), policy)).toBe(Infinity);
    },
  );

  it('of a minimum: its reciprocal after the last one', { meta: { clause: 'RFC 6446 6.2' } }, () => {
    expect(latest(notifiedAt(newPace({ min: 0.1 }, 0), 1_000), policy)).toBe(11_000);
  });

  it(
    'of an adaptive minimum: as the count of the period says',
    { meta: { clause: ['RFC 6446 7.2', 'RFC 6446 7.4'] } },
    () => {
      const wide: RatePolicy = { usualMax: 10, highestMax: 10, highestMin: 10 };
      const rate = 0.1;
      // The period is 80 s and the history 8 notifications: with the first one, 9 / (0.01 * 80) = 11.25 s.
      let pace = notifiedAt(newPace({ adaptiveMin: rate }, 0), 0);
      expect(latest(pace, wide)).toBeCloseTo(11_250, 6);
      // A burst makes the next one wait.
      for (let i = 1; i <= 20; i++) pace = notifiedAt(pace, i * 100);
      expect(latest(pace, wide) - 2_000).toBeCloseTo((29 * 1_000) / (0.01 * 80), 6);
      // After a quiet period only the last one counts.
      pace = notifiedAt(pace, 1_000_000);
      expect(latest(pace, wide) - 1_000_000).toBeCloseTo(1_250, 6);
      // 7.4 (2)
      expect(latest(pace, { usualMax: 0.2, highestMax: 0.2, highestMin: 10 }) - 1_000_000).toBe(5_000);
      expect(withRates(pace, { adaptiveMin: rate }, 1_000_000).adaptive).toBe(pace.adaptive);
      expect(withRates(pace, {}, 1_000_000).adaptive).toBeUndefined();
    },
  );

  it('left alone, an adaptive minimum comes to about its rate', { meta: { clause: 'RFC 6446 7.4' } }, () => {
    const wide: RatePolicy = { usualMax: 10, highestMax: 10, highestMin: 10 };
    let pace = notifiedAt(newPace({ adaptiveMin: 0.1 }, 0), 0);
    let sent = 0;
    for (let at = latest(pace, wide); at < 1_000_000; at = latest(pace, wide)) {
      pace = notifiedAt(pace, at);
      sent++;
    }
    expect(sent).toBeGreaterThan(85);
    expect(sent).toBeLessThan(115);
  });
});

describe('in a subscription', () => {
  it(
    'the agreed rates stand in Subscription-State and are kept to',
    { meta: { clause: ['RFC 6446 4.2', 'RFC 6446 5.2', 'RFC 6446 6.2', 'RFC 6446 5.5.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ event: 'weather;max-rate=0.1;min-rate=0.05' });
      expect(ana.states[0]).toBe('active;expires=600;max-rate=0.1;min-rate=0.05');
      station.weather.changed('rain');
      await station.clock.run(9_900, 100);
      expect(ana.bodies).toEqual(['sunny']);
      await station.clock.run(200, 100);
      expect(ana.bodies).toEqual(['sunny', 'rain']);
      // 6: twenty seconds after the last one, though nothing has changed.
      await station.clock.run(20_100, 100);
      expect(station.weather.causes).toEqual(['subscribed', 'changed', 'rate']);
      expect(ana.bodies[2]).toBe('rain');
      expect(ana.notifies[2]?.header('Event')).toBe('weather');
    },
  );

  it(
    'are changed and taken back by a refresh',
    { meta: { clause: ['RFC 6446 5.1', 'RFC 6446 6.1', 'RFC 6446 7.1'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ event: 'weather;adaptive-min-rate=0.1' });
      await ana.subscribe(ana.inDialog(2, { event: 'weather;min-rate=0.1' }));
      await ana.subscribe(ana.inDialog(3, { event: 'weather' }));
      expect(ana.states).toEqual([
        'active;expires=600;adaptive-min-rate=0.1',
        'active;expires=600;min-rate=0.1',
        'active;expires=600',
      ]);
      await station.clock.run(60_000, 1_000);
      expect(ana.notifies.length).toBe(3);
    },
  );

  it(
    'are changed by the 200 to a NOTIFY, of the same package and of who used them before',
    { meta: { clause: ['RFC 6446 4.1', 'RFC 6446 9.3', 'RFC 6446 3.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      let answer = 'weather;min-rate=0.02;id=other';
      ana.answer = (tx) => tx.respond({ status: 200, headers: [['Event', answer]] });
      await ana.subscribe({ event: 'weather;min-rate=1' });
      await station.clock.run(49_000, 100);
      expect(ana.notifies.length).toBe(1);
      await station.clock.run(2_000, 100);
      expect(ana.states[1]).toContain('min-rate=0.02');
      answer = 'presence;min-rate=1';
      await station.clock.run(51_000, 100);
      expect(ana.states[2]).toContain('min-rate=0.02');
      await station.clock.run(60_000, 100);
      expect(ana.notifies.length).toBe(4);

      const ben = watcher(station, '192.0.2.3');
      ben.answer = (tx) => tx.respond({ status: 200, headers: [['Event', 'weather;min-rate=1']] });
      await ben.subscribe({ callId: 'ben' });
      await station.clock.run(10_000, 100);
      expect(ben.notifies.length).toBe(1);
    },
  );

  it(
    'a refresh and the end are told whatever the maximum says',
    { meta: { clause: ['RFC 6446 5.2', 'RFC 6446 5.3'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ event: 'weather;max-rate=0.0001', expires: '100' });
      expect(ana.states[0]).toBe('active;expires=100;max-rate=0.01');
      await ana.subscribe(ana.inDialog(2, { event: 'weather;max-rate=0.0001', expires: '100' }));
      station.weather.changed('rain');
      await station.clock.run(50_000, 1_000);
      expect(ana.notifies.length).toBe(2);
      station.weather.subscriptions[0]?.terminate('noresource');
      await station.clock.run(100, 10);
      expect([ana.states[2], ana.bodies[2]]).toEqual(['terminated;reason=noresource', 'rain']);
    },
  );
});

describe('Subscription-State', () => {
  const cases: [string, ReturnType<typeof parseSubscriptionState>][] = [
    ['active;expires=60', { state: 'active', expires: 60, rates: {} }],
    ['ACTIVE', { state: 'active', rates: {} }],
    ['pending ; expires=1;max-rate=2', { state: 'pending', expires: 1, rates: { max: 2 } }],
    [
      'terminated;reason=NoResource;retry-after=5',
      { state: 'terminated', reason: 'noresource', retryAfter: 5, rates: {} },
    ],
    ['terminated;reason=weird', { state: 'terminated', rates: {} }],
    ['active;expires=99999999999999', { state: 'active', expires: 4_294_967_295, rates: {} }],
    ['active;expires=x', { state: 'active', rates: {} }],
    ['waiting', undefined],
    ['', undefined],
    ['active;;', undefined],
    ['active expires=3', undefined],
  ];
  it.each(cases)('%s', { meta: { clause: ['RFC 6665 8.4', 'RFC 6665 4.1.3'] } }, (text, read) => {
    expect(parseSubscriptionState(text)).toEqual(read);
  });
});
