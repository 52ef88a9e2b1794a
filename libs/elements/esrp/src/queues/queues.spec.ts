import { ManualClock, silentLogger } from '@esinet/kernel';
import { InProcessBus, PrometheusMetrics } from '@esinet/platform';
import type { KnownStates, QueueState, ServiceState } from '@esinet/states';
import { describe, expect, it } from 'vitest';
import type { Admission, AdmissionVerdict, QueuedCall } from './admission.js';
import { queuesConfigSchema } from './config.js';
import { Queues, type QueuesPorts } from './queues.js';

const madrid = 'sip:madrid@psap.esinet.internal';
const toledo = 'sip:toledo@psap.toledo.internal';
const fallback = 'sip:default@psap.default.internal';

function setUp(config: Record<string, unknown> = {}, more: Partial<QueuesPorts> = {}) {
  const clock = new ManualClock();
  const metrics = new PrometheusMetrics();
  const queues = new Queues(queuesConfigSchema.parse(config), {
    clock,
    metrics,
    logger: silentLogger,
    ...more,
  });
  let count = 0;
  const admit = (o: Partial<QueuedCall> = {}) =>
    queues.admit({ uris: [madrid, fallback], priority: 1, running: false, id: `call-${++count}`, ...o });
  return { clock, metrics, queues, admit };
}

function now(verdict: AdmissionVerdict | Promise<AdmissionVerdict>): {
  admission: Admission;
  passedOver: readonly { uri: string; why: string }[];
} {
  if (verdict instanceof Promise || verdict.kind !== 'admitted') throw new Error('not admitted at once');
  return verdict;
}

async function later(verdict: AdmissionVerdict | Promise<AdmissionVerdict>) {
  expect(verdict).toBeInstanceOf(Promise);
  return now(await verdict);
}

/** States as others told them. */
function known(o: { queues?: QueueState[]; services?: ServiceState[] }): KnownStates {
  return {
    element: () => undefined,
    service: (name, domain) =>
      o.services?.find(({ service }) => service.name === name && service.domain === domain),
    queue: (uri) => o.queues?.find(({ queueUri }) => queueUri === uri),
  };
}

const queueState = (queueUri: string, state: QueueState['state']): QueueState => ({
  queueUri,
  state,
  queueLength: 0,
  queueMaxLength: 10,
});

it('lets every call through at once where nothing is configured', () => {
  const { admit } = setUp();
  const { admission, passedOver } = now(admit());
  expect([admission.uri, admission.then, passedOver]).toEqual([madrid, [fallback], []]);
});

describe('a next hop with a limit', () => {
  const list = [{ uri: madrid, maxInService: 1, maxWaiting: 2, alternates: [toledo] }];

  it('has the next call wait until one is answered', async () => {
    const { admit, queues } = setUp({ list });
    const first = now(admit());
    const second = admit();
    expect(queues.snapshot()).toEqual([
      { queueUri: madrid, queueLength: 1, queueMaxLength: 2, state: 'Active' },
    ]);
    first.admission.release({ status: 200 });
    expect((await later(second)).admission.uri).toBe(madrid);
    // Once is enough: a second release frees no second place.
    first.admission.release({ status: 200 });
    expect(admit()).toBeInstanceOf(Promise);
  });

  it('sends on what has waited long enough, and says why', async () => {
    const { admit, clock } = setUp({ list });
    now(admit());
    const second = admit();
    clock.advance(2_000);
    const { admission, passedOver } = await later(second);
    expect([admission.uri, passedOver]).toEqual([toledo, [{ uri: madrid, why: 'Full' }]]);
    expect(admission.then).toEqual([fallback, madrid]);
  });

  it('gives the place of the lowest to a higher one; the lowest goes to the alternate', async () => {
    const { admit, metrics } = setUp({ list });
    now(admit());
    const low = admit({ priority: 0 });
    const middle = admit();
    const high = admit({ priority: 3 });
    expect((await later(low)).admission.uri).toBe(toledo);
    expect([middle, high].every((each) => each instanceof Promise)).toBe(true);
    expect(await metrics.text()).toContain('esinet_esrp_queue_preempted_total 1');
  });

  it('passes over a full one at once for what is no higher', () => {
    const { admit, queues } = setUp({ list });
    now(admit());
    void admit();
    void admit();
    expect(queues.snapshot()[0]?.state).toBe('Full');
    expect(now(admit()).admission.uri).toBe(toledo);
  });

  it('takes back the place of a call that nobody released', () => {
    const { admit, clock } = setUp({ list, longestService: '40 s' });
    now(admit());
    clock.advance(40_000);
    expect(now(admit()).admission.uri).toBe(madrid);
  });

  it('frees the place of a caller who gave up', () => {
    const { admit, queues } = setUp({ list });
    now(admit());
    void admit({ id: 'gone' });
    queues.leave('gone');
    expect(queues.snapshot()[0]?.queueLength).toBe(0);
  });
});

it('waits once: what has waited at one queue does not wait again at the next', async () => {
  const list = [madrid, toledo].map((uri) => ({ uri, maxInService: 1, maxWait: '1 s' }));
  const { admit, clock } = setUp({ list });
  now(admit({ uris: [madrid] }));
  now(admit({ uris: [toledo] }));
  const call = admit({ uris: [madrid, toledo, fallback] });
  clock.advance(1_000);
  const { admission, passedOver } = await later(call);
  expect([admission.uri, passedOver.map(({ uri }) => uri)]).toEqual([fallback, [madrid, toledo]]);
});

describe('when nobody takes it', () => {
  const list = [madrid, fallback].map((uri) => ({ uri, maxInService: 1, maxWaiting: 0 }));

  it('ends at the last one all the same', () => {
    const { admit } = setUp({ list });
    now(admit());
    now(admit());
    const { admission, passedOver } = now(admit());
    expect([admission.uri, passedOver.length]).toEqual([fallback, 2]);
  });

  it('ends at one that is only full if the last one is gone', () => {
    const { admit, queues } = setUp({ list });
    now(admit());
    queues.hops.note('psap.default.internal', 'unanswered');
    expect(now(admit()).admission.uri).toBe(madrid);
  });

  it('is told to come again only where the configuration says so', () => {
    const { admit } = setUp({ list, whenAllFull: 'busy' });
    now(admit());
    now(admit());
    expect(admit()).toEqual({ kind: 'busy', retryAfterSeconds: 5 });
  });
});

it('limits those that wait over all queues', () => {
  const list = [madrid, toledo].map((uri) => ({ uri, maxInService: 1 }));
  const { admit } = setUp({ list, maxWaiting: 1 });
  now(admit({ uris: [madrid] }));
  now(admit({ uris: [toledo] }));
  expect(admit()).toBeInstanceOf(Promise);
  expect(now(admit({ uris: [toledo, fallback] })).admission.uri).toBe(fallback);
});

describe('states', () => {
  it('passes over what is disabled, and comes to what is on standby last', () => {
    const { admit } = setUp({
      list: [
        { uri: madrid, state: 'Standby' },
        { uri: toledo, state: 'Disabled' },
      ],
    });
    expect(now(admit({ uris: [madrid, toledo, fallback] })).admission.uri).toBe(fallback);
    const { admission, passedOver } = now(admit({ uris: [madrid, toledo] }));
    expect([admission.uri, passedOver]).toEqual([madrid, [{ uri: toledo, why: 'Disabled' }]]);
  });

  it.each(['Disabled', 'Inactive', 'Full', 'Unreachable', 'ResourceExhausted'] as const)(
    'passes over a next hop whose queue is said to be %s',
    (state) => {
      const { admit } = setUp({}, { known: known({ queues: [queueState(madrid, state)] }) });
      const { admission, passedOver } = now(admit());
      expect([admission.uri, passedOver]).toEqual([fallback, [{ uri: madrid, why: state }]]);
    },
  );

  it('passes over a PSAP that is down or unstaffed', () => {
    for (const state of ['Down', 'Unstaffed'] as const) {
      const service = { name: 'PSAP', domain: 'psap.esinet.internal' };
      const { admit } = setUp({}, { known: known({ services: [{ service, serviceState: { state } }] }) });
      expect(now(admit()).passedOver).toEqual([{ uri: madrid, why: state }]);
    }
  });

  it('ends at the last one also when all are said to be disabled', () => {
    const queues = [madrid, fallback].map((uri) => queueState(uri, 'Disabled'));
    const { admit } = setUp({}, { known: known({ queues }) });
    expect(now(admit()).admission.uri).toBe(fallback);
  });

  it('tells of a new state at once and of a new length within a second', () => {
    const list = [{ uri: madrid, maxInService: 1, maxWaiting: 2, maxWait: '20 s' }];
    const { admit, queues } = setUp({ list });
    const told: [QueueState['state'], number][] = [];
    queues.onChange(({ state, queueLength }) => told.push([state, queueLength]));
    const first = now(admit());
    void admit();
    void admit();
    expect(told).toEqual([['Full', 2]]);
    first.admission.release({ status: 200 });
    expect(told).toEqual([
      ['Full', 2],
      ['Active', 1],
    ]);
    void admit();
    expect(told.at(-1)).toEqual(['Full', 2]);
  });

  it('never tells others Unreachable', { meta: { clause: 'TS 103 479 (NENA i3 QueueState)' } }, () => {
    const { queues } = setUp({ list: [{ uri: madrid }] });
    const told: string[] = [];
    queues.onChange(({ state }) => told.push(state));
    queues.hops.note('psap.esinet.internal', 'unanswered');
    expect([told, queues.snapshot()[0]?.state]).toEqual([['Inactive'], 'Unreachable']);
  });

  it('sends those that wait on when the next hop is disabled meanwhile', async () => {
    const states: QueueState[] = [];
    const list = [{ uri: madrid, maxInService: 1 }];
    const { admit, queues } = setUp({ list }, { known: known({ queues: states }) });
    now(admit());
    const waits = admit();
    states.push(queueState(madrid, 'Disabled'));
    queues.reconsider();
    expect((await later(waits)).passedOver).toEqual([{ uri: madrid, why: 'Disabled' }]);
  });
});

it('takes calls only of the sources it accepts', () => {
  const { admit } = setUp({ list: [{ uri: madrid, acceptsFrom: ['operator-a'] }] });
  expect(now(admit({ source: 'operator-a' })).admission.uri).toBe(madrid);
  expect(now(admit({ source: 'operator-b' })).passedOver).toEqual([{ uri: madrid, why: 'NotAccepted' }]);
});

it('has one queue for a whole domain', () => {
  const { admit, queues } = setUp({ list: [{ uri: '*@psap.esinet.internal', maxInService: 1 }] });
  expect(now(admit()).admission.uri).toBe(madrid);
  expect(admit({ uris: ['sip:avila@PSAP.esinet.internal;lr', fallback] })).toBeInstanceOf(Promise);
  expect(queues.snapshot()[0]).toMatchObject({ queueUri: 'sip:psap.esinet.internal', queueLength: 1 });
});

describe('a next hop that fails', () => {
  const dead = [{ uri: madrid, status: 503, answered: false }];

  it('is passed over at once after a refused connection, until it answers OPTIONS', async () => {
    let alive = false;
    const probed: string[] = [];
    const probe = (hop: string) => {
      probed.push(hop);
      return Promise.resolve(alive);
    };
    const { admit, clock } = setUp({}, { probe });
    now(admit()).admission.release({ status: 200, answeredBy: fallback, failed: dead });
    const { admission, passedOver } = now(admit());
    expect([admission.uri, passedOver]).toEqual([fallback, [{ uri: madrid, why: 'Unreachable' }]]);
    // Other URIs there as well: it is the servers behind them that do not answer.
    expect(now(admit({ uris: ['sip:avila@psap.esinet.internal', fallback] })).admission.uri).toBe(fallback);
    await clock.run(3_000, 100);
    expect(now(admit()).admission.uri).toBe(fallback);
    alive = true;
    await clock.run(3_000, 100);
    expect(now(admit()).admission.uri).toBe(madrid);
    expect(probed.length).toBeGreaterThan(2);
  });

  it('is passed over after some 503 in a row', () => {
    const { admit } = setUp();
    const failed = [{ uri: madrid, status: 503, answered: true }];
    for (let i = 0; i < 2; i++) now(admit()).admission.release({ status: 200, answeredBy: fallback, failed });
    now(admit()).admission.release({ status: 200 });
    for (let i = 0; i < 3; i++) {
      expect(now(admit()).admission.uri).toBe(madrid);
      now(admit()).admission.release({ status: 200, answeredBy: fallback, failed });
    }
    expect(now(admit()).admission.uri).toBe(fallback);
  });

  it('is left alone longer each time if it answers OPTIONS and not calls', async () => {
    const { admit, clock, queues } = setUp({}, { probe: () => Promise.resolve(true) });
    const times: number[] = [];
    for (let i = 0; i < 4; i++) {
      now(admit()).admission.release({ status: 200, answeredBy: fallback, failed: dead });
      const began = clock.now();
      while (queues.hops.isOpen('psap.esinet.internal')) await clock.run(100, 100);
      times.push(Math.round((clock.now() - began) / 1_000));
    }
    expect(times).toEqual([0, 2, 4, 8]);
  });

  it('has those that wait for it go on at once', async () => {
    const { admit } = setUp({ list: [{ uri: madrid, maxInService: 1, maxWait: '20 s' }] });
    const first = now(admit());
    const waits = [admit(), admit()];
    first.admission.release({ status: 200, answeredBy: fallback, failed: dead });
    for (const each of waits) expect((await later(each)).admission.uri).toBe(fallback);
  });

  it('is not blamed where another of its servers took the call', () => {
    const { admit } = setUp();
    now(admit()).admission.release({ status: 200, answeredBy: madrid, failed: dead });
    expect(now(admit()).admission.uri).toBe(madrid);
  });
});

describe('a next hop that says 486', () => {
  it('is full for a while, and a call that is no test goes on', () => {
    const { admit, clock } = setUp();
    const { admission } = now(admit());
    expect([admission.failoverOn(486), admission.failoverOn(404)]).toEqual([true, false]);
    const failed = [{ uri: madrid, status: 486, answered: true }];
    admission.release({ status: 200, answeredBy: fallback, failed });
    expect(now(admit()).passedOver).toEqual([{ uri: madrid, why: 'Full' }]);
    clock.advance(5_000);
    expect(now(admit()).admission.uri).toBe(madrid);
  });

  it(
    'has answered a test call, which has a limit of its own',
    { meta: { clause: 'TS 103 698 6.1.2.10' } },
    () => {
      const { admit } = setUp();
      const { admission } = now(admit({ priority: -1 }));
      expect(admission.failoverOn(486)).toBe(false);
      admission.release({ status: 486, answeredBy: madrid });
      expect(now(admit()).admission.uri).toBe(madrid);
    },
  );
});

it('tells the bus whom it passed over, and nothing of the caller', async () => {
  const clock = new ManualClock();
  const bus = new InProcessBus({ logger: silentLogger, clock });
  const events: unknown[] = [];
  bus.subscribe('events.esrp.queue', (payload) => void events.push(payload));
  const { admit } = setUp({ list: [{ uri: madrid, state: 'Disabled' }] }, { bus });
  now(admit({ id: 'anna@phone' }));
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual([
    {
      at: '2026-01-01T12:00:00.000Z',
      element: 'esrp',
      event: 'passed-over',
      nextHop: madrid,
      why: 'Disabled',
      priority: 1,
    },
  ]);
});
