import { describe, expect, it } from 'vitest';
import { watcher, weatherStation } from './events-harness.js';

describe('a subscription', () => {
  it(
    'is granted, told the state at once, and told its end with the state when nobody refreshes it',
    { meta: { clause: ['RFC 6665 4.2.1.2', 'RFC 6665 4.2.1.4', 'RFC 6665 4.2.2', 'RFC 6665 3.1.1'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      const granted = await ana.subscribe({ expires: '120' });
      expect([granted.status, granted.header('Expires')]).toEqual([200, '120']);
      expect(granted.header('Allow-Events')).toBe('weather');
      expect(granted.header('Contact')).toBe('<sip:192.0.2.2:5060>');
      const [first] = ana.notifies;
      expect(first?.method).toBe('NOTIFY');
      expect(first?.header('Event')).toBe('weather');
      expect(first?.header('Subscription-State')).toBe('active;expires=120');
      expect(first?.contentType).toMatchObject({ type: 'text', subtype: 'plain' });
      expect(first?.requestUri).toBe('sip:ana@192.0.2.1');
      // The dialog of the 2xx.
      expect(first?.from?.tag).toBe(granted.to?.tag);
      expect([first?.to?.tag, first?.callId, first?.cseq?.number]).toEqual(['ana', 'weather-1', 1]);
      expect(station.notifier.size).toBe(1);
      await station.clock.run(121_000, 1_000);
      expect(ana.states).toEqual(['active;expires=120', 'terminated;reason=timeout']);
      expect(ana.bodies).toEqual(['sunny', 'sunny']);
      expect([station.notifier.size, station.weather.ended]).toEqual([0, 1]);
      expect(ana.notifies[1]?.cseq?.number).toBe(2);
    },
  );

  it(
    'tells changes, not more often than the package wants',
    { meta: { clause: ['RFC 6665 4.2.2', 'RFC 6665 5.4.10'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe();
      station.weather.changed('rain');
      station.weather.changed('hail');
      await station.clock.run(500, 10);
      expect(ana.bodies).toEqual(['sunny']);
      await station.clock.run(600, 10);
      // RFC 6446 5.5.2: the newest state, once.
      expect(ana.bodies).toEqual(['sunny', 'hail']);
      expect(station.weather.causes).toEqual(['subscribed', 'changed']);
    },
  );

  it('a change that no filter wants is not told', { meta: { clause: 'RFC 6665 4.2.2' } }, async () => {
    const station = weatherStation();
    const ana = watcher(station);
    await ana.subscribe();
    station.weather.wanted = false;
    station.weather.changed('rain');
    await station.clock.run(5_000, 100);
    expect(ana.bodies).toEqual(['sunny']);
  });

  it(
    'refreshes: a longer life, the state at once, the new Contact',
    { meta: { clause: ['RFC 6665 4.2.1.4', 'RFC 6665 3.1', 'RFC 3261 12.2.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ expires: '100' });
      await station.clock.run(90_000, 1_000);
      const again = await ana.subscribe(ana.inDialog(2, { expires: '200', contact: '<sip:ana2@192.0.2.1>' }));
      expect([again.status, again.header('Expires')]).toEqual([200, '200']);
      expect(ana.states[1]).toBe('active;expires=200');
      expect(ana.notifies[1]?.requestUri).toBe('sip:ana2@192.0.2.1');
      await station.clock.run(150_000, 1_000);
      expect(ana.states.length).toBe(2);
      expect(station.weather.causes).toEqual(['subscribed', 'refreshed']);
    },
  );

  it('ends with Expires 0', { meta: { clause: ['RFC 6665 4.2.1.4', 'RFC 6665 4.1.2.3'] } }, async () => {
    const station = weatherStation();
    const ana = watcher(station);
    await ana.subscribe();
    const gone = await ana.subscribe(ana.inDialog(2, { expires: '0' }));
    expect([gone.status, gone.header('Expires')]).toEqual([200, '0']);
    expect(ana.states[1]).toBe('terminated;reason=timeout');
    expect(station.notifier.size).toBe(0);
    expect((await ana.subscribe(ana.inDialog(3))).status).toBe(481);
  });

  it(
    'of Expires 0 is a fetch: the state once, nothing kept',
    { meta: { clause: 'RFC 6665 4.4.3' } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      const fetched = await ana.subscribe({ expires: '0' });
      expect([fetched.status, fetched.header('Expires')]).toEqual([200, '0']);
      expect([ana.states, ana.bodies]).toEqual([['terminated;reason=timeout'], ['sunny']]);
      expect([station.notifier.size, station.weather.ended]).toEqual([0, 1]);
    },
  );

  it(
    'waits as pending without changes, and is told when it is granted or rejected',
    { meta: { clause: ['RFC 6665 4.2.2', 'RFC 6665 4.2.1.3', 'RFC 6446 5.2'] } },
    async () => {
      const station = weatherStation();
      station.weather.granted = 'pending';
      station.weather.state = undefined;
      const ana = watcher(station);
      await ana.subscribe();
      station.weather.changed('rain');
      await station.clock.run(3_000, 100);
      expect(ana.states).toEqual(['pending;expires=600']);
      expect(ana.notifies[0]?.body.length).toBe(0);
      station.weather.subscriptions[0]?.activate();
      await station.clock.run(100, 10);
      expect([ana.states[1], ana.bodies[1]]).toEqual(['active;expires=597', 'rain']);
      station.weather.subscriptions[0]?.terminate('rejected');
      await station.clock.run(100, 10);
      expect(ana.states[2]).toBe('terminated;reason=rejected');
    },
  );

  it(
    'lasts no longer than the package and the limits say',
    { meta: { clause: 'RFC 6665 4.2.1.1' } },
    async () => {
      const station = weatherStation({ limits: { maxExpires: 300 } });
      const ana = watcher(station);
      expect((await ana.subscribe({ expires: '99999999999999999999' })).header('Expires')).toBe('300');
      station.weather.longest = 77.9;
      expect((await ana.subscribe({ callId: 'b' })).header('Expires')).toBe('77');
      station.weather.longest = undefined;
      // 5.4.4: the default of the package, within the limit.
      expect((await ana.subscribe({ callId: 'c', expires: null })).header('Expires')).toBe('300');
    },
  );

  it(
    'copies Record-Route to the answer and sends NOTIFY along it',
    { meta: { clause: ['RFC 3261 12.1.1', 'RFC 3261 12.2.1.1'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      const routes = ['<sip:192.0.2.1;lr>', '<sip:edge.example;lr>'];
      const granted = await ana.subscribe({
        contact: '<sip:ana@10.0.0.9:5070>',
        headers: routes.map((route) => ['Record-Route', route]),
      });
      expect(granted.values('Record-Route')).toEqual(routes);
      expect(ana.notifies[0]?.values('Route')).toEqual(routes);
      expect(ana.notifies[0]?.requestUri).toBe('sip:ana@10.0.0.9:5070');
    },
  );
});

describe('refuses', () => {
  const cases: [
    string,
    Parameters<ReturnType<typeof watcher>['subscribe']>[0],
    number,
    string,
    string | undefined,
  ][] = [
    ['no Event', { event: null }, 489, 'Allow-Events', 'weather'],
    ['another package', { event: 'presence' }, 489, 'Allow-Events', 'weather'],
    ['the package in other letters', { event: 'Weather' }, 489, 'Allow-Events', 'weather'],
    ['a template of it', { event: 'weather.winfo' }, 489, 'Allow-Events', 'weather'],
    ['a broken Event', { event: '"weather' }, 400, 'Event', undefined],
    ['an empty Event', { event: ';id=1' }, 400, 'Event', undefined],
    ['an Event with a broken id', { event: 'weather;id="a b"' }, 400, 'Event', undefined],
    ['an Event of a thousand letters', { event: 'w'.repeat(1_000) }, 400, 'Event', undefined],
    ['two Events', { event: ['weather', 'weather'] }, 400, 'Event', undefined],
    ['too short a time', { expires: '5' }, 423, 'Min-Expires', '60'],
    ['Expires that is no number', { expires: 'soon' }, 400, 'Expires', undefined],
    ['a negative Expires', { expires: '-1' }, 400, 'Expires', undefined],
    ['no Contact', { contact: null }, 400, 'Contact', undefined],
    ['Contact *', { contact: '*' }, 400, 'Contact', undefined],
    ['a Contact that is no URI', { contact: '<:::>' }, 400, 'Contact', undefined],
    ['a Contact of another scheme', { contact: '<mailto:ana@example.com>' }, 400, 'Contact', undefined],
    ['two Contacts', { contact: '<sip:a@192.0.2.1>, <sip:b@192.0.2.9>' }, 400, 'Contact', undefined],
    ['no From tag', { fromTag: null }, 400, 'Expires', undefined],
    [
      'a body type it does not read',
      { body: 'x', headers: [['Content-Type', 'text/html']] },
      415,
      'Accept',
      'text/filter',
    ],
    ['a body without a type', { body: 'x' }, 415, 'Accept', 'text/filter'],
    [
      'a body beyond the limit',
      { body: 'x'.repeat(17_000), headers: [['Content-Type', 'text/filter']] },
      413,
      'Accept',
      undefined,
    ],
    [
      'Accept without a type it can send',
      { headers: [['Accept', 'text/html']] },
      406,
      'Accept',
      'text/plain, application/weather+xml',
    ],
    [
      'Accept with weight 0',
      { headers: [['Accept', 'text/plain;q=0']] },
      406,
      'Accept',
      'text/plain, application/weather+xml',
    ],
    ['a dialog it does not know', { toTag: 'unknown' }, 481, 'Expires', undefined],
    [
      'more routes than it keeps',
      { headers: Array.from({ length: 17 }, (_, i) => ['Record-Route', `<sip:p${i}.example;lr>`] as const) },
      513,
      'Expires',
      undefined,
    ],
    [
      'an extension it does not know',
      { headers: [['Require', 'eventlist']] },
      420,
      'Unsupported',
      'eventlist',
    ],
  ];
  it.each(cases)(
    '%s',
    {
      meta: {
        clause: [
          'RFC 6665 4.1.2.1',
          'RFC 6665 4.2.1.1',
          'RFC 6665 4.2.3',
          'RFC 6665 8.2.1',
          'RFC 6665 8.3.2',
          'RFC 6665 8.4',
          'RFC 3261 12.1.1',
          'RFC 3261 20.19',
        ],
      },
    },
    async (_, parts, status, header, value) => {
      const station = weatherStation();
      const ana = watcher(station);
      const answer = await ana.subscribe(parts);
      expect([answer.status, answer.header(header)]).toEqual([status, value]);
      await station.clock.run(1_000, 100);
      expect([ana.notifies.length, station.notifier.size]).toEqual([0, 0]);
    },
  );

  it(
    'another method with 405, and says in OPTIONS what it is a notifier of',
    { meta: { clause: ['RFC 3261 8.2.1', 'RFC 6665 4.4.4'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      const statuses: [number, string | undefined][] = [];
      for (const method of ['MESSAGE', 'OPTIONS', 'NOTIFY']) {
        const { buildRequest } = await import('../codec/build.js');
        ana.transactions.request(
          {
            bytes: buildRequest({
              method,
              uri: 'sip:192.0.2.2',
              headers: [
                ['Max-Forwards', '70'],
                ['From', '<sip:a@b>;tag=1'],
                ['To', '<sip:192.0.2.2>'],
                ['Call-ID', method],
                ['CSeq', `1 ${method}`],
              ],
            }),
            destination: { transport: 'udp', address: '192.0.2.2', port: 5060 },
          },
          {
            onResponse: (r) => void statuses.push([r.status, r.header('Allow-Events')]),
            onFailure: () => undefined,
          },
        );
        await station.clock.run(20, 1);
      }
      expect(statuses).toEqual([
        [405, undefined],
        [200, 'weather'],
        [405, undefined],
      ]);
    },
  );

  it(
    'what is one too many with 480 and when to come back',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 3261 21.4.18'] } },
    async () => {
      const station = weatherStation({ limits: { maxSubscriptions: 2, retryAfter: 7 } });
      const ana = watcher(station);
      expect((await ana.subscribe({ callId: 'a' })).status).toBe(200);
      expect((await ana.subscribe({ callId: 'b' })).status).toBe(200);
      const full = await ana.subscribe({ callId: 'c' });
      expect([full.status, full.header('Retry-After')]).toEqual([480, '7']);
      // One that ends makes room.
      station.weather.subscriptions[0]?.terminate('noresource');
      await station.clock.run(50, 10);
      expect((await ana.subscribe({ callId: 'd' })).status).toBe(200);
    },
  );

  it(
    'what its package refuses, as it says; a package that throws or rejects is 500',
    { meta: { clause: ['RFC 6665 4.2.1.3', 'RFC 3261 21.5.1'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      station.weather.verdict = () => Promise.resolve({ accepted: false, answer: { status: 404 } });
      expect((await ana.subscribe({ callId: 'a' })).status).toBe(404);
      station.weather.verdict = () => Promise.reject(new Error('store'));
      expect((await ana.subscribe({ callId: 'b' })).status).toBe(500);
      station.weather.verdict = () => {
        throw new Error('store');
      };
      expect((await ana.subscribe({ callId: 'c' })).status).toBe(500);
      expect(station.notifier.size).toBe(0);
    },
  );
});

describe('within the dialog', () => {
  it(
    'a lower CSeq is 500, a repetition gets the same answer and one NOTIFY',
    { meta: { clause: ['RFC 3261 12.2.2', 'RFC 3261 17.2.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      // The network doubles what goes to the notifier.
      station.network.fate = ({ to }) => (to === '192.0.2.2:5060' ? 2 : 1);
      await ana.subscribe({ cseq: 5 });
      expect(ana.notifies.length).toBe(1);
      expect((await ana.subscribe(ana.inDialog(4))).status).toBe(500);
      expect((await ana.subscribe(ana.inDialog(6))).status).toBe(200);
      expect((await ana.subscribe(ana.inDialog(6))).status).toBe(500);
      expect(ana.notifies.length).toBe(2);
    },
  );

  it(
    'another subscription is 403, one with another id too',
    { meta: { clause: ['RFC 6665 4.5.2', 'RFC 6665 8.2.1'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ event: 'weather;id=1;param=x' });
      expect(ana.notifies[0]?.header('Event')).toBe('weather;id=1');
      expect((await ana.subscribe(ana.inDialog(2, { event: 'weather' }))).status).toBe(403);
      expect((await ana.subscribe(ana.inDialog(3, { event: 'weather;id=2' }))).status).toBe(403);
      expect((await ana.subscribe(ana.inDialog(4, { event: 'weather;param=y;id=1' }))).status).toBe(200);
    },
  );

  it(
    'a refresh that is refused leaves the subscription as it was',
    { meta: { clause: 'RFC 6665 4.1.2.2' } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      await ana.subscribe({ expires: '100' });
      expect((await ana.subscribe(ana.inDialog(2, { expires: '5' }))).status).toBe(423);
      station.weather.refreshVerdict = { accepted: false, answer: { status: 488 } };
      expect((await ana.subscribe(ana.inDialog(3, { expires: '100' }))).status).toBe(488);
      await station.clock.run(50_000, 1_000);
      expect(station.notifier.size).toBe(1);
      await station.clock.run(51_000, 1_000);
      expect(ana.states.at(-1)).toBe('terminated;reason=timeout');
    },
  );

  it(
    'refreshes without end have two NOTIFYs under way, not more',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 6665 4.2.1.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      ana.answer = () => undefined;
      await ana.subscribe({ runMs: 20 });
      for (let cseq = 2; cseq < 50; cseq++) await ana.subscribe(ana.inDialog(cseq, { runMs: 5 }));
      expect(new Set(ana.notifies.map((n) => n.cseq?.number)).size).toBe(2);
    },
  );
});

describe('a NOTIFY that fails', () => {
  it.each([404, 405, 410, 416, 480, 481, 485, 489, 501, 604])(
    'with %i ends the subscription',
    { meta: { clause: 'RFC 6665 4.2.2' } },
    async (status) => {
      const station = weatherStation();
      const ana = watcher(station);
      ana.answer = (tx) => tx.respond({ status });
      await ana.subscribe();
      expect([station.notifier.size, station.weather.ended]).toEqual([0, 1]);
      station.weather.changed('rain');
      await station.clock.run(5_000, 100);
      expect(ana.notifies.length).toBe(1);
    },
  );

  it.each([400, 403, 486, 500, 503, 603])(
    'with %i does not',
    { meta: { clause: 'RFC 6665 4.2.2' } },
    async (status) => {
      const station = weatherStation();
      const ana = watcher(station);
      ana.answer = (tx) => tx.respond({ status });
      await ana.subscribe();
      expect(station.notifier.size).toBe(1);
      station.weather.changed('rain');
      await station.clock.run(2_000, 100);
      expect(ana.bodies).toEqual(['sunny', 'rain']);
    },
  );

  it(
    'for want of an answer ends it after Timer F, and nothing else is sent meanwhile',
    { meta: { clause: ['RFC 6665 4.2.2', 'RFC 3261 17.1.2.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      ana.answer = () => undefined;
      await ana.subscribe();
      for (let i = 0; i < 30; i++) {
        station.weather.changed(`rain ${i}`);
        await station.clock.run(1_000, 100);
      }
      expect(new Set(ana.notifies.map((n) => n.cseq?.number)).size).toBe(1);
      expect(station.notifier.size).toBe(1);
      await station.clock.run(3_000, 100);
      expect(station.notifier.size).toBe(0);
    },
  );
});

describe('where NOTIFYs go', () => {
  it(
    'back to who subscribed, wherever the Contact and the routes point to: a notifier is no reflector',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 3581 4'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      const victim = watcher(station, '198.51.100.7');
      await ana.subscribe({ callId: 'a', contact: '<sip:victim@198.51.100.7>' });
      await ana.subscribe({
        callId: 'b',
        headers: [['Record-Route', '<sip:198.51.100.7;lr>']],
      });
      await ana.subscribe({ callId: 'c', contact: '<sip:victim@198.51.100.7;maddr=198.51.100.7>' });
      await ana.subscribe({ callId: 'd', contact: '<sip:victim@victim.example;transport=tcp>' });
      await station.clock.run(5_000, 100);
      expect([victim.notifies.length, ana.notifies.length]).toEqual([0, 4]);
      expect(station.located).toEqual([]);
    },
  );

  it(
    'where the dialog says for peers that are trusted',
    { meta: { clause: 'RFC 3261 12.2.1.1' } },
    async () => {
      const station = weatherStation({ trusts: (flow) => flow.remoteAddress === '192.0.2.1' });
      const ana = watcher(station);
      const other = watcher(station, '198.51.100.7');
      await ana.subscribe({ contact: '<sip:other@198.51.100.7>' });
      expect([ana.notifies.length, other.notifies.length]).toEqual([0, 1]);
    },
  );

  it(
    'over the connection of the SUBSCRIBE; with the connection gone the subscription ends',
    { meta: { clause: ['RFC 6665 4.2.2', 'RFC 3261 18.1.1'] } },
    async () => {
      const station = weatherStation({}, 'tcp');
      const ana = watcher(station, '192.0.2.1', 'tcp');
      await ana.subscribe({ contact: '<sip:ana@10.9.8.7;transport=tcp>' });
      expect(ana.notifies.length).toBe(1);
      const flow = station.node.flow('tcp|192.0.2.1|5060');
      if (flow) station.node.close(flow);
      station.weather.changed('rain');
      await station.clock.run(3_000, 100);
      expect([ana.notifies.length, station.notifier.size]).toEqual([1, 0]);
    },
  );
});

describe('an address that answers nothing', () => {
  it(
    'gets so many NOTIFYs and no more, whoever wrote it into the datagrams',
    { meta: { clause: ['RFC 6665 6.3', 'RFC 3261 26.1.5'] } },
    async () => {
      const station = weatherStation({ limits: { maxUnanswered: 3 } });
      const victim = watcher(station);
      victim.answer = () => undefined;
      const statuses: number[] = [];
      for (const callId of ['a', 'b', 'c', 'd', 'e']) {
        statuses.push((await victim.subscribe({ callId, expires: '0' })).status);
      }
      expect(statuses).toEqual([200, 200, 200, 480, 480]);
      // Others are served, and so is it once its NOTIFYs are over.
      const ben = watcher(station, '192.0.2.3');
      expect((await ben.subscribe({ callId: 'ben' })).status).toBe(200);
      await station.clock.run(33_000, 100);
      victim.answer = (tx) => tx.respond({ status: 200 });
      for (const callId of ['f', 'g', 'h', 'i', 'j']) {
        expect((await victim.subscribe({ callId })).status).toBe(200);
      }
    },
  );
});

describe('by the thousand', () => {
  it('a change is told to all of them', { meta: { clause: 'RFC 6665 6.3' } }, async () => {
    const station = weatherStation({ limits: { perTurn: 10 } });
    const ana = watcher(station);
    for (let i = 0; i < 200; i++) await ana.subscribe({ callId: `call-${i}`, runMs: 5 });
    await station.clock.run(1_500, 100);
    expect(ana.notifies.length).toBe(200);
    station.weather.changed('rain');
    await station.clock.run(500, 1);
    expect(ana.notifies.length).toBe(400);
  });

  it(
    'closing ends all of them and says when to come back',
    { meta: { clause: ['RFC 6665 4.1.3', 'RFC 6665 4.4.2'] } },
    async () => {
      const station = weatherStation();
      const ana = watcher(station);
      for (let i = 0; i < 50; i++) await ana.subscribe({ callId: `call-${i}`, runMs: 5 });
      const closed = station.notifier.close(5_000, 9);
      await station.clock.run(1_000, 10);
      await closed;
      expect(
        ana.states.filter((s) => /^terminated;reason=probation;retry-after=(?:9|1\d)$/.test(s)).length,
      ).toBe(50);
      expect((await ana.subscribe({ callId: 'late' })).status).toBe(480);
      expect(station.weather.ended).toBe(50);
    },
  );
});
