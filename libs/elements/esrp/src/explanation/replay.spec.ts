import { ManualClock, err, ok } from '@esinet/kernel';
import type { PolicyVerdict, RoutingFacts } from '@esinet/policy';
import type { KnownStates, QueueStateValue } from '@esinet/states';
import { queueStates } from '@esinet/states';
import { expect, it } from 'vitest';
import type { AdmissionVerdict, QueueCall } from '../admission.js';
import { deps, fakeHeld, fakeLost, found, mapping, pidfLo, readBack, request } from '../esrp-fixture.js';
import { route } from '../route.js';
import { decide, hopUris } from './decide.js';
import type { RecordedFacts } from './recorded-facts.js';

const calls = 10_000;
const psap = (name: string) => `sip:${name}@psap.esinet.internal`;
const names = ['madrid', 'toledo', 'night', 'overflow', 'fire', 'default'] as const;

/** A small generator of numbers that are the same at every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

type Condition = (facts: RoutingFacts) => boolean;

/** Twenty rules that look at everything a policy may look at. */
function rules(): readonly {
  readonly name: string;
  readonly holds: Condition;
  readonly outcome: PolicyVerdict['outcome'];
}[] {
  const to = (name: string): PolicyVerdict['outcome'] => ({ kind: 'route', recipientUri: psap(name) });
  const queue =
    (name: string, state: QueueStateValue): Condition =>
    ({ states }) =>
      states.queue(psap(name))?.state === state;
  const list: [Condition, PolicyVerdict['outcome']][] = [
    [
      ({ states }) => states.service('PSAP', 'psap.esinet.internal')?.securityPosture?.posture === 'Red',
      to('overflow'),
    ],
    [({ callSuspicion }) => (callSuspicion ?? 0) > 95, { kind: 'busy' }],
    [({ callSource, now }) => callSource === 'peer-b' && now % 7 === 0, to('toledo')],
    [({ request: asked }) => asked.header('Resource-Priority') === 'esnet.4', to('fire')],
    [({ request: asked }) => asked.method === 'INVITE' && asked.has('Geolocation'), to('madrid')],
    [({ lostService }) => lostService === 'urn:service:sos.fire', to('fire')],
    [({ location }) => location?.type === 'point' && location.position[0] < -3.9, to('toledo')],
    [({ now }) => now % 24 > 20, to('night')],
    [({ normalNextHop, states }) => states.element(normalNextHop ?? '')?.state === 'Down', to('overflow')],
    [({ states }) => states.element('bcf.esinet.lab')?.state === 'Overloaded', { kind: 'none' }],
    [({ request: asked }) => asked.requestUri.endsWith('.nonsense'), to('nobody')],
  ];
  for (const [i, state] of ['Full', 'Inactive', 'Disabled'].entries()) {
    for (const name of names.slice(0, 3))
      list.push([queue(name, state as QueueStateValue), to(names[i + 3]!)]);
  }
  return list.map(([holds, outcome], i) => ({ name: `r${i + 1}`, holds, outcome }));
}

function policiesOf(list: ReturnType<typeof rules>) {
  return {
    evaluate(facts: RoutingFacts): PolicyVerdict {
      const trail: { policy: string; rule: string; matched: boolean }[] = [];
      for (const { name, holds, outcome } of list) {
        const matched = holds(facts);
        trail.push({ policy: 'p', rule: name, matched });
        if (matched) {
          const decidedBy = { policy: 'p', rule: name, priority: 1 };
          return { outcome, decidedBy, trail, notify: [], log: [] };
        }
      }
      return { outcome: { kind: 'none' }, trail, notify: [], log: [] };
    },
  };
}

it(
  'replaying ten thousand explanations gives the same next hops',
  { meta: { clause: 'TS 103 698 6.1.2.6' }, timeout: 60_000 },
  async () => {
    const random = seeded(20_260_101);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
    const clock = new ManualClock();
    const lost = fakeLost();
    const list = rules();
    expect(list).toHaveLength(20);
    const policies = policiesOf(list);
    // States change from call to call: only what a decision saw can explain it.
    let mood = 0;
    const states: KnownStates = {
      element: (elementId) =>
        mood % 5 === 0 ? { elementId, state: pick(['Normal', 'Down', 'Overloaded'] as const) } : undefined,
      service: (name, domain) =>
        mood % 11 === 0
          ? {
              service: { name, domain },
              serviceState: { state: 'Normal' },
              securityPosture: { posture: pick(['Green', 'Red'] as const) },
            }
          : undefined,
      queue: (queueUri) =>
        mood % 3 === 0
          ? { queueUri, queueLength: 1, queueMaxLength: 5, state: pick(queueStates) }
          : undefined,
    };
    // One answer to one question, as from a table of states.
    const steady = (): KnownStates => {
      const known = new Map<string, unknown>();
      const once = <T>(key: string, ask: () => T): T => {
        if (!known.has(key)) known.set(key, ask());
        return known.get(key) as T;
      };
      return {
        element: (id) => once(`e${id}`, () => states.element(id)),
        service: (name, domain) => once(`s${name}@${domain}`, () => states.service(name, domain)),
        queue: (uri) => once(`q${uri}`, () => states.queue(uri)),
      };
    };
    const queues = {
      admit: ({ uris }: QueueCall): AdmissionVerdict | Promise<AdmissionVerdict> => {
        const dice = random();
        if (dice < 0.02) throw new Error('queues are away');
        if (dice < 0.04) return { kind: 'busy', retryAfterSeconds: 5 };
        const at = Math.floor(random() * uris.length);
        const verdict: AdmissionVerdict = {
          kind: 'admitted',
          admission: { uri: uris[at] ?? psap('default'), release: () => undefined },
          passedOver: uris
            .slice(0, at)
            .map((uri) => ({ uri, why: pick(['Full', 'Inactive', 'Unreachable']) })),
        };
        return dice < 0.5 ? verdict : Promise.resolve(verdict);
      },
    };
    lost.answer = () => {
      const dice = random();
      if (dice < 0.03) return Promise.resolve(err({ code: 'unreachable', message: 'x' }));
      if (dice < 0.1) return Promise.resolve(ok(found()));
      const uris = [psap(pick(names)), psap(pick(names))];
      return Promise.resolve(ok(found({ ...mapping, uris, expires: 'NO-CACHE' })));
    };
    const places = Array.from({ length: 20 }, () =>
      pidfLo({ type: 'point', position: [-4.2 + random(), 39.9 + random()] }),
    );
    const held = fakeHeld();
    const read = places.map(readBack);
    held.answer = () => Promise.resolve(ok(pick(read)));
    const drafts = Array.from({ length: 40 }, () => {
      const how = pick(['none', 'value', ...Array<'reference'>(8).fill('reference')] as const);
      const uri = how === 'value' ? '<cid:loc>' : '<https://lis.lab/1>';
      return request({
        method: random() < 0.3 ? 'INVITE' : 'MESSAGE',
        uri: pick(['urn:service:sos', 'urn:service:sos.fire', 'urn:service:sos.police']),
        headers: [
          ...(how === 'none' ? [] : [['Geolocation', uri] as const]),
          ['Resource-Priority', `esnet.${Math.floor(random() * 5)}`],
        ],
        ...(how === 'value' && { parts: { loc: pick(places) } }),
      });
    });
    const base = deps(clock, {
      lost,
      held,
      queues,
      keep: { location: true, request: { what: 'head', maxBytes: 8_192 } },
    });
    const failing = {
      evaluate: (): PolicyVerdict => {
        throw new Error('bug');
      },
    };

    const kinds = new Map<string, number>();
    const different: unknown[] = [];
    for (mood = 0; mood < calls; mood++) {
      clock.advance(1_009);
      const { explanation, facts } = await route(pick(drafts), {
        ...base,
        states: steady(),
        policies: random() < 0.01 ? failing : policies,
        source: () => ({ callSuspicion: Math.floor(random() * 100), callSource: pick(['peer-a', 'peer-b']) }),
      });
      const recorded = JSON.parse(JSON.stringify(facts)) as RecordedFacts;
      const again = hopUris(decide(recorded, policies));
      const then = explanation.nextHops?.map(({ uri }) => uri) ?? ['busy'];
      if (again.join() !== then.join()) different.push({ then, again });
      const kind = `${explanation.mapping} ${explanation.policy?.outcome} ${explanation.queue ?? ''}`;
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    expect(different).toEqual([]);
    // It was a colourful day: with and without a mapping, by policy and without, and with queues in all states.
    expect(kinds.size).toBeGreaterThan(15);
  },
);

it('another policy shows in the replay', { meta: { clause: 'TS 103 698 6.1.2.6' } }, async () => {
  const use = deps(new ManualClock(), {
    keep: { location: true, request: { what: 'whole', maxBytes: 8_192 } },
  });
  const { facts } = await route(request({ headers: [['Subject', 'x']] }), use);
  const seen: RoutingFacts[] = [];
  const other = {
    evaluate: (asked: RoutingFacts): PolicyVerdict => {
      seen.push(asked);
      return { outcome: { kind: 'route', recipientUri: psap('night') }, trail: [], notify: [], log: [] };
    },
  };
  expect(hopUris(decide(facts!, other))).toEqual([psap('night'), psap('default')]);
  expect(seen[0]?.request.header('Subject')).toBe('x');
  expect(hopUris(decide(facts!, undefined))).toEqual([psap('default')]);
});
