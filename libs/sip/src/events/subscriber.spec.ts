import { countingIds, silentLogger } from '@esinet/kernel';
import { describe, expect, it } from 'vitest';
import { buildRequest } from '../codec/build.js';
import type { SipMessage } from '../codec/sip-message.js';
import { parseNameAddr } from '../codec/name-addr.js';
import type { Destination } from '../transport/destination.js';
import type { ServerTransaction } from '../transaction/server-transaction.js';
import { TransactionLayer } from '../transaction/transaction-layer.js';
import { UserAgent } from '../ua/user-agent.js';
import { notifierAt, weatherStation } from './events-harness.js';
import { EventSubscriber, type SubscribeRequest } from './subscriber.js';

type World = Pick<ReturnType<typeof weatherStation>, 'clock' | 'network'>;

const subscriberAt: Destination = { transport: 'udp', address: '192.0.2.1', port: 5060 };

/** A subscriber that writes down what it learns. */
function reader(world: World) {
  const transport = world.network.node({ address: subscriberAt.address });
  const transactions = new TransactionLayer({ transport, clock: world.clock, logger: silentLogger });
  const ids = countingIds('s');
  const agent = new UserAgent({
    transactions,
    locator: { locate: () => Promise.resolve([notifierAt]) },
    clock: world.clock,
    ids,
    logger: silentLogger,
    allow: ['NOTIFY'],
    onRequest: (request) => subscriber.notify(request),
  });
  const subscriber: EventSubscriber = new EventSubscriber({
    agent,
    clock: world.clock,
    ids,
    logger: silentLogger,
  });
  const log: string[] = [];
  const subscribe = (o: Partial<SubscribeRequest> = {}) =>
    subscriber.subscribe({
      uri: 'sip:madrid@192.0.2.2',
      from: 'sip:ana@example.com',
      contact: '<sip:192.0.2.1>',
      event: 'weather',
      onNotify: (notify, state) => void log.push(`${state.state} ${notify.body.toString()}`.trim()),
      onLost: (end, ms) => void log.push(`lost ${JSON.stringify(end)} ${ms}`),
      onEnd: (end) => void log.push(`end ${JSON.stringify(end)}`),
      ...o,
    });
  return { subscribe, subscriber, log, transport, transactions };
}

/** A notifier by hand: what comes is kept, what goes is said by the test. */
function handMade(world: World, answer: (tx: ServerTransaction, n: number) => void) {
  const transport = world.network.node({ address: notifierAt.address });
  const transactions = new TransactionLayer({ transport, clock: world.clock, logger: silentLogger });
  const subscribes: SipMessage[] = [];
  transactions.onRequest = (tx) => {
    subscribes.push(tx.request);
    answer(tx, subscribes.length);
  };
  const statuses: number[] = [];
  const notify = (
    to: SipMessage,
    o: {
      state?: string;
      tag?: string;
      cseq?: number;
      event?: string;
      headers?: [string, string][];
      body?: string;
    } = {},
  ): void => {
    const {
      state = 'active;expires=600',
      tag = 'server',
      cseq = 1,
      event = 'weather',
      headers = [],
      body = '',
    } = o;
    transactions.request(
      {
        bytes: buildRequest({
          method: 'NOTIFY',
          uri: parseNameAddr(to.header('Contact') ?? '')?.uri ?? '',
          headers: [
            ['Max-Forwards', '70'],
            ['From', `<${to.requestUri}>;tag=${tag}`],
            ['To', to.header('From') ?? ''],
            ['Call-ID', to.callId ?? ''],
            ['CSeq', `${cseq} NOTIFY`],
            ['Contact', '<sip:192.0.2.2>'],
            ...(event === '' ? [] : [['Event', event] as const]),
            ...(state === '' ? [] : [['Subscription-State', state] as const]),
            ...headers,
          ],
          body,
        }),
        destination: subscriberAt,
      },
      { onResponse: (r) => void statuses.push(r.status), onFailure: () => void statuses.push(0) },
    );
  };
  return { subscribes, notify, statuses };
}

const world = (): World => {
  const { clock, network } = weatherStation();
  return { clock, network };
};
const accept = (tx: ServerTransaction): void => tx.respond({ status: 200, headers: [['Expires', '600']] });

describe('against our notifier', () => {
  it(
    'subscribes, learns changes, refreshes in time, unsubscribes',
    { meta: { clause: ['RFC 6665 4.1.2', 'RFC 6665 4.1.2.2', 'RFC 6665 4.1.2.3', 'RFC 6665 4.4.1'] } },
    async () => {
      const station = weatherStation();
      const ana = reader(station);
      const subscription = ana.subscribe({ expires: 100 });
      await station.clock.run(20, 1);
      expect([subscription.state, ana.log]).toEqual(['active', ['active sunny']]);
      station.weather.changed('rain');
      await station.clock.run(500_000, 500);
      expect(station.notifier.size).toBe(1);
      // 90 of 100 seconds each time.
      expect(station.weather.causes.filter((c) => c === 'refreshed').length).toBe(5);
      subscription.unsubscribe();
      await station.clock.run(100, 1);
      expect(ana.log.slice(-2)).toEqual(['terminated rain', 'end {"why":"unsubscribed"}']);
      expect(station.notifier.size).toBe(0);
      await station.clock.run(100_000, 1_000);
      expect(subscription.state).toBe('terminated');
      // Timers of transactions apart, nothing is left to come.
      expect(ana.log.at(-1)).toBe('end {"why":"unsubscribed"}');
    },
  );

  it('fetches once', { meta: { clause: 'RFC 6665 4.4.3' } }, async () => {
    const station = weatherStation();
    const ana = reader(station);
    ana.subscribe({ expires: 0 });
    await station.clock.run(100, 1);
    expect(ana.log).toEqual(['terminated sunny', 'end {"why":"fetched"}']);
  });

  it(
    'comes back after the notifier went away for a while',
    { meta: { clause: ['RFC 6665 4.1.3', 'RFC 6665 4.1.2.2'] } },
    async () => {
      const station = weatherStation();
      const ana = reader(station);
      ana.subscribe({ expires: 600 });
      await station.clock.run(20, 1);
      station.weather.subscriptions[0]?.terminate('probation', 30);
      await station.clock.run(29_000, 100);
      expect([station.notifier.size, ana.log.at(-1)]).toEqual([
        0,
        'lost {"why":"terminated","reason":"probation"} 30000',
      ]);
      await station.clock.run(2_000, 100);
      expect([station.notifier.size, ana.log.at(-1)]).toEqual([1, 'active sunny']);
    },
  );
});

describe('the first NOTIFY', () => {
  it(
    'may come before the 2xx, and makes the dialog: its tags, its Contact, its route set',
    { meta: { clause: ['RFC 6665 4.1.2.4', 'RFC 6665 4.4.1', 'RFC 3261 12.1.1'] } },
    async () => {
      const w = world();
      const hand = handMade(w, (tx, n) => {
        if (n > 1) return accept(tx);
        hand.notify(tx.request, {
          state: 'active;expires=100',
          tag: 'early',
          headers: [
            ['Record-Route', '<sip:192.0.2.2;lr>'],
            ['Record-Route', '<sip:second.example;lr>'],
          ],
        });
        w.clock.after(1_000, () =>
          tx.respond({ status: 200, toTag: 'another', headers: [['Expires', '100']] }),
        );
      });
      const ana = reader(w);
      const subscription = ana.subscribe();
      await w.clock.run(500, 1);
      expect([subscription.state, hand.statuses]).toEqual(['active', [200]]);
      await w.clock.run(95_000, 100);
      const [first, again] = hand.subscribes;
      expect(again?.to?.tag).toBe('early');
      expect([again?.callId, again?.from?.tag]).toEqual([first?.callId, first?.from?.tag]);
      expect(again?.cseq?.number).toBe(2);
      expect(again?.values('Route')).toEqual(['<sip:192.0.2.2;lr>', '<sip:second.example;lr>']);
      expect(again?.requestUri).toBe('sip:192.0.2.2');
    },
  );

  it(
    'that never comes ends the attempt with Timer N, and one after that is 481',
    { meta: { clause: 'RFC 6665 4.1.2.4' } },
    async () => {
      const w = world();
      const hand = handMade(w, accept);
      const ana = reader(w);
      ana.subscribe({ persistent: false });
      await w.clock.run(31_900, 100);
      expect(ana.log).toEqual([]);
      await w.clock.run(200, 100);
      expect(ana.log).toEqual(['end {"why":"no-notify"}']);
      hand.notify(hand.subscribes[0]!);
      await w.clock.run(100, 10);
      expect(hand.statuses).toEqual([481]);
    },
  );

  it(
    'of another fork is 481: one subscription, one dialog',
    { meta: { clause: ['RFC 6665 4.1.4', 'RFC 6665 5.4.9', 'RFC 3856 6.9'] } },
    async () => {
      const w = world();
      const hand = handMade(w, accept);
      const ana = reader(w);
      ana.subscribe();
      await w.clock.run(50, 1);
      hand.notify(hand.subscribes[0]!, { tag: 'one' });
      await w.clock.run(50, 1);
      hand.notify(hand.subscribes[0]!, { tag: 'two', state: 'terminated;reason=rejected' });
      await w.clock.run(50, 1);
      hand.notify(hand.subscribes[0]!, { tag: 'one', cseq: 2, body: 'rain' });
      await w.clock.run(50, 1);
      expect(hand.statuses).toEqual([200, 481, 200]);
      expect(ana.log).toEqual(['active', 'active rain']);
    },
  );
});

describe('a NOTIFY', () => {
  const cases: [string, Parameters<ReturnType<typeof handMade>['notify']>[1], number][] = [
    ['of another package', { event: 'presence', cseq: 2 }, 489],
    ['without Event', { event: '', cseq: 2 }, 489],
    ['with a broken Event', { event: '"', cseq: 2 }, 400],
    ['with another id', { event: 'weather;id=1', cseq: 2 }, 481],
    ['without Subscription-State', { state: '', cseq: 2 }, 400],
    ['with a state nobody knows', { state: 'maybe', cseq: 2 }, 400],
    ['out of order', { cseq: 1, body: 'old' }, 500],
    ['of another dialog', { tag: 'stranger', cseq: 2 }, 481],
  ];
  it.each(cases)(
    '%s',
    { meta: { clause: ['RFC 6665 4.1.3', 'RFC 6665 8.2.1', 'RFC 3261 12.2.2'] } },
    async (_, o, status) => {
      const w = world();
      const hand = handMade(w, accept);
      const ana = reader(w);
      ana.subscribe();
      await w.clock.run(50, 1);
      hand.notify(hand.subscribes[0]!, { cseq: 1 });
      await w.clock.run(50, 1);
      hand.notify(hand.subscribes[0]!, o);
      await w.clock.run(50, 1);
      expect([hand.statuses, ana.log]).toEqual([[200, status], ['active']]);
    },
  );

  it('that was not asked for is 481', { meta: { clause: 'RFC 6665 4.1.3' } }, async () => {
    const station = weatherStation();
    const ana = reader(station);
    const hand = handMade(station, accept);
    ana.subscribe();
    await station.clock.run(50, 1);
    const forged = hand.subscribes[0]!;
    // The same Call-ID with a tag that is not ours.
    const bytes = Buffer.from(forged.bytes.toString('latin1').replace(/tag=s\d+/, 'tag=guess'), 'latin1');
    const { parseDatagram } = await import('../codec/datagram.js');
    const parsed = parseDatagram(bytes);
    if (parsed.kind !== 'message') throw new Error('broken');
    hand.notify(parsed.message);
    await station.clock.run(50, 1);
    expect([hand.statuses, ana.log]).toEqual([[481], []]);
  });
});

describe('by the reason of the end', () => {
  const cases: [string, string][] = [
    ['terminated;reason=deactivated;retry-after=99', 'lost 0'],
    ['terminated;reason=timeout', 'lost 0'],
    ['terminated;reason=probation;retry-after=20', 'lost 20000'],
    ['terminated;reason=giveup', 'lost 1000'],
    ['terminated;reason=whatever;retry-after=3', 'lost 3000'],
    ['terminated', 'lost 1000'],
    ['terminated;reason=rejected;retry-after=1', 'end'],
    ['terminated;reason=noresource', 'end'],
    ['terminated;reason=invariant;retry-after=1', 'end'],
  ];
  it.each(cases)('%s', { meta: { clause: 'RFC 6665 4.1.3' } }, async (state, expected) => {
    const w = world();
    const hand = handMade(w, accept);
    const ana = reader(w);
    ana.subscribe();
    await w.clock.run(50, 1);
    hand.notify(hand.subscribes[0]!);
    await w.clock.run(50, 1);
    hand.notify(hand.subscribes[0]!, { state, cseq: 2 });
    await w.clock.run(50, 1);
    expect(
      ana.log
        .at(-1)
        ?.replace(/\{.*\} ?/, '')
        .trim(),
    ).toBe(expected);
  });

  it(
    'a new subscription is a new dialog; who is always sent away comes back ever more slowly',
    { meta: { clause: ['RFC 6665 4.1.2.2', 'RFC 6665 4.1.3'] } },
    async () => {
      const w = world();
      const hand = handMade(w, (tx) => {
        accept(tx);
        hand.notify(tx.request, { state: 'terminated;reason=deactivated' });
      });
      const ana = reader(w);
      ana.subscribe();
      await w.clock.run(200_000, 50);
      expect(ana.log.filter((l) => l.startsWith('lost')).map((l) => Number(l.split(' ').at(-1)))).toEqual([
        0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000,
      ]);
      expect(new Set(hand.subscribes.map((s) => s.callId)).size).toBe(hand.subscribes.length);
      expect(new Set(hand.subscribes.map((s) => s.from?.tag)).size).toBe(hand.subscribes.length);
    },
  );
});

describe('a SUBSCRIBE that is refused', () => {
  it(
    'with 423 is sent once more with what is wanted at least',
    { meta: { clause: 'RFC 6665 4.2.1.1' } },
    async () => {
      const w = world();
      const hand = handMade(w, (tx, n) => {
        if (n === 1) return tx.respond({ status: 423, headers: [['Min-Expires', '900']] });
        accept(tx);
      });
      reader(w).subscribe({ expires: 60 });
      await w.clock.run(100, 1);
      expect(hand.subscribes.map((s) => s.header('Expires'))).toEqual(['60', '900']);
    },
  );

  it.each([
    [403, 'end {"why":"refused","status":403}'],
    [404, 'end {"why":"refused","status":404}'],
    [489, 'end {"why":"refused","status":489}'],
    [480, 'lost {"why":"refused","status":480} 7000'],
    [503, 'lost {"why":"refused","status":503} 7000'],
  ])('with %i', { meta: { clause: ['RFC 6665 4.1.2.1', 'RFC 3261 20.33'] } }, async (status, log) => {
    const w = world();
    handMade(w, (tx) => tx.respond({ status, headers: [['Retry-After', '7 (busy);duration=1']] }));
    const ana = reader(w);
    ana.subscribe();
    await w.clock.run(100, 1);
    expect(ana.log).toEqual([log]);
  });

  it.each([
    [481, 2],
    [404, 1],
    [500, 1],
  ])('as a refresh with %i', { meta: { clause: 'RFC 6665 4.1.2.2' } }, async (status, dialogs) => {
    const w = world();
    const hand = handMade(w, (tx, n) => {
      if (n === 2) return tx.respond({ status });
      accept(tx);
      if (tx.request.to?.tag === undefined) hand.notify(tx.request, { state: 'active;expires=100' });
    });
    const ana = reader(w);
    const subscription = ana.subscribe({ expires: 100 });
    await w.clock.run(93_000, 100);
    expect(new Set(hand.subscribes.map((s) => s.callId)).size).toBe(dialogs);
    expect(subscription.state).toBe(status === 404 ? 'terminated' : 'active');
  });

  it(
    'that nobody answers is given up, and tried anew',
    { meta: { clause: 'RFC 6665 4.1.2.4' } },
    async () => {
      const w = world();
      const hand = handMade(w, () => undefined);
      const ana = reader(w);
      ana.subscribe();
      await w.clock.run(40_000, 100);
      expect(ana.log[0]).toMatch(/^lost \{"why":"no-(answer|notify)"\} 1000$/);
      expect(new Set(hand.subscribes.map((s) => s.callId)).size).toBe(2);
    },
  );

  it(
    'before there is a dialog: who leaves then unsubscribes as soon as there is one',
    { meta: { clause: 'RFC 6665 4.1.2.3' } },
    async () => {
      const station = weatherStation();
      const ana = reader(station);
      const subscription = ana.subscribe();
      subscription.unsubscribe();
      await station.clock.run(200, 1);
      expect(ana.log.at(-1)).toBe('end {"why":"unsubscribed"}');
      expect(station.notifier.size).toBe(0);
    },
  );
});

it("an Event header that cannot be one is the caller's mistake", () => {
  expect(() => reader(world()).subscribe({ event: '"' })).toThrow(RangeError);
});
