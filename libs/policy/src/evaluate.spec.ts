import { expect, it } from 'vitest';
import { evaluatePolicies } from './evaluate.js';
import {
  call,
  hop,
  invoke,
  nextHop,
  origination,
  other,
  queue,
  route,
  rule,
  setOf,
  to,
} from './policy-fixture.js';
import type { PolicySet } from './policy-set.js';

const priority = (content: string) => ({
  conditionType: 'SipHeaderCondition',
  field: 'Priority',
  operator: 'EQ',
  content,
});
const emergency = { headers: [['Priority', 'emergency']] as [string, string][] };

it('takes the rule of the highest priority that holds', { meta: { clause: 'NENA-STA-010 3.3.3' } }, () => {
  const set = setOf(
    origination(
      rule(1, [], to('last')),
      rule(9, [priority('psap-callback')], to('callback')),
      rule(5, [priority('emergency')], to('emergency')),
    ),
  );
  expect(evaluatePolicies(set, call(emergency))).toMatchObject({
    outcome: { kind: 'route', recipientUri: 'sip:emergency@psap.example' },
    decidedBy: { policy: `OriginationRoutePolicy ${queue}`, rule: 'r5', priority: 5 },
    trail: [
      { rule: 'r9', matched: false, failed: 'header Priority EQ psap-callback' },
      { rule: 'r5', matched: true },
    ],
  });
  expect(route(evaluatePolicies(set, call()))).toBe('sip:last@psap.example');
});

it('wants all conditions of a rule to hold', { meta: { clause: 'NENA-STA-010 3.3.3.1' } }, () => {
  const uri = { conditionType: 'RequestUriCondition', operator: 'EQ', content: 'urn:service:sos.police' };
  const set = setOf(origination(rule(1, [priority('emergency'), uri], to('there'))));
  expect(evaluatePolicies(set, call(emergency)).outcome).toEqual({ kind: 'none' });
  expect(route(evaluatePolicies(set, call({ ...emergency, uri: 'urn:service:sos.police' })))).toBe(
    'sip:there@psap.example',
  );
});

it(
  'looks at the policy of the normal next hop where that of the queue decides nothing',
  { meta: { clause: 'NENA-STA-010 3.3.3' } },
  () => {
    const set = setOf(origination(rule(1, [priority('normal')], to('a'))), nextHop(rule(1, [], to('b'))));
    expect(route(evaluatePolicies(set, call()))).toBe('sip:b@psap.example');
    expect(route(evaluatePolicies(set, call({ headers: [['Priority', 'normal']] })))).toBe(
      'sip:a@psap.example',
    );
    expect(evaluatePolicies(set, call({ normalNextHop: 'sip:cuenca@psap.example' })).outcome.kind).toBe(
      'none',
    );
  },
);

it(
  'notifies and logs on the way, and answers busy at the end',
  { meta: { clause: ['NENA-STA-010 3.3.3.2.2', 'NENA-STA-010 3.3.3.2.3', 'NENA-STA-010 3.3.3.2.4'] } },
  () => {
    const set = setOf(
      origination(
        rule(
          2,
          [],
          { actionType: 'notifyAction', eventCode: 'flood', urgency: 70, recipient: 'sip:desk@psap.example' },
          { actionType: 'LogAction', message: 'seen' },
        ),
        rule(1, [], { actionType: 'notifyAction', eventCode: 'flood' }, { actionType: 'busyAction' }),
        rule(0, [], to('never')),
      ),
    );
    expect(evaluatePolicies(set, call())).toMatchObject({
      outcome: { kind: 'busy' },
      decidedBy: { rule: 'r1' },
      notify: [
        { recipientUri: 'sip:desk@psap.example', eventCode: 'flood', urgency: 70 },
        { recipientUri: '', eventCode: 'flood' },
      ],
      log: [{ message: 'seen' }],
    });
  },
);

it(
  'goes into an invoked policy and comes back where that decides nothing',
  { meta: { clause: 'NENA-STA-010 3.3.3.2.5' } },
  () => {
    const set = setOf(
      origination(rule(2, [], invoke('nights'), to('after')), rule(1, [], to('never'))),
      other('nights', rule(7, [priority('normal')], to('night'))),
    );
    expect(evaluatePolicies(set, call({ headers: [['Priority', 'normal']] }))).toMatchObject({
      outcome: { recipientUri: 'sip:night@psap.example' },
      decidedBy: { policy: 'nights', rule: 'r7' },
      trail: [
        { rule: 'r2', matched: true },
        { policy: 'nights', rule: 'r7', matched: true, depth: 1 },
      ],
    });
    expect(evaluatePolicies(set, call())).toMatchObject({
      outcome: { recipientUri: 'sip:after@psap.example' },
      decidedBy: { rule: 'r2' },
    });
  },
);

const invokeNextHop = { actionType: 'invokePolicyAction', policyType: 'NormalNextHopRoutePolicy' };

it(
  'invokes the policy of the normal next hop, and does not look at it a second time',
  { meta: { clause: 'NENA-STA-010 3.3.3.2.5' } },
  () => {
    const set = setOf(
      origination(rule(1, [], invokeNextHop)),
      nextHop(rule(1, [], { actionType: 'logAction', message: 'once' })),
    );
    const verdict = evaluatePolicies(set, call());
    expect(verdict.log).toEqual([{ message: 'once' }]);
    expect(verdict.outcome).toEqual({ kind: 'none' });
  },
);

it('ends a way back to itself that only a call shows', { meta: { clause: 'NENA-STA-010 3.3.3.2.5' } }, () => {
  const set = setOf(nextHop(rule(2, [], invokeNextHop), rule(1, [], to('there'))));
  const verdict = evaluatePolicies(set, call());
  expect(route(verdict)).toBe('sip:there@psap.example');
  expect(verdict.trail.map(({ failed }) => failed)).toEqual([
    undefined,
    `it invokes NormalNextHopRoutePolicy ${hop}, which is being evaluated`,
    undefined,
  ]);
});

it('stops where policies invoke one another too deep', () => {
  const chain = Array.from({ length: 10 }, (_, i) =>
    other(`p${i}`, rule(1, [], i === 9 ? to('deep') : invoke(`p${i + 1}`))),
  );
  const verdict = evaluatePolicies(setOf(nextHop(rule(1, [], invoke('p0'), to('here'))), ...chain), call());
  expect(route(verdict)).toBe('sip:here@psap.example');
  expect(verdict.trail.at(-1)?.failed).toBe('it invokes policies more than 8 deep');
});

it('does without a policy that has expired', { meta: { clause: 'NENA-STA-010 3.3.1' } }, () => {
  const set = setOf({
    ...origination(rule(1, [], to('old'))),
    policyExpirationTime: '2026-03-01T00:00:00+01:00',
  });
  expect(evaluatePolicies(set, call())).toMatchObject({
    outcome: { kind: 'none' },
    trail: [{ rule: '', matched: false, failed: 'the policy has expired' }],
  });
});

it('has a policy for every queue that has none of its own', () => {
  const set = setOf(origination(rule(1, [], to('own'))), {
    ...origination(rule(1, [], to('any'))),
    policyQueueName: '*',
  });
  expect(route(evaluatePolicies(set, call()))).toBe('sip:own@psap.example');
  expect(route(evaluatePolicies(set, call({ incomingQueue: 'SIP:sos@ESRP.example;transport=tcp' })))).toBe(
    'sip:own@psap.example',
  );
  expect(route(evaluatePolicies(set, call({ incomingQueue: 'urn:service:sos' })))).toBe(
    'sip:any@psap.example',
  );
});

it('never throws, whatever a condition does', () => {
  const boom = (): never => {
    throw new Error('boom');
  };
  const good = setOf(origination(rule(2, [priority('emergency')], to('a')), rule(1, [], to('b'))));
  const set: PolicySet = { ...good, tests: good.tests.map((test) => ({ ...test, holds: boom })) };
  expect(evaluatePolicies(set, call())).toMatchObject({
    outcome: { recipientUri: 'sip:b@psap.example' },
    trail: [{ failed: 'header Priority EQ emergency: could not be tested' }, { matched: true }],
  });
});

it('does not turn what cannot be told into true by negating it', () => {
  const red = {
    conditionType: 'SecurityPostureCondition',
    service: 'PSAP@psap.example',
    condition: 'EQ',
    value: 'Red',
  };
  for (const condition of [red, { ...red, negation: true }, { ...red, condition: 'NE' }]) {
    const verdict = evaluatePolicies(setOf(origination(rule(1, [condition], to('there')))), call());
    expect(verdict.outcome.kind).toBe('none');
    expect(verdict.trail[0]?.failed).toContain('nothing was heard of it');
  }
});

it('cuts a long trail, but not the rule that decides', () => {
  const rules = Array.from({ length: 300 }, (_, i) => rule(i + 2, [priority(`p${i}`)], to('a')));
  const verdict = evaluatePolicies(setOf(origination(...rules, rule(1, [], to('b')))), call(), {
    maxTrail: 10,
  });
  expect(verdict.trail).toHaveLength(11);
  expect(verdict.trail.at(-1)).toMatchObject({ rule: 'r1', matched: true });
});

it('tests equal conditions of many rules once for a call', () => {
  const set = setOf(
    origination(...Array.from({ length: 50 }, (_, i) => rule(i + 1, [priority('emergency')], to('a')))),
    nextHop(rule(1, [{ ...priority('emergency'), negation: true }], to('b'))),
  );
  expect(set.tests).toHaveLength(1);
  expect(route(evaluatePolicies(set, call()))).toBe('sip:b@psap.example');
});

it('says the same of the same call again', () => {
  const set = setOf(
    origination(rule(3, [priority('emergency')], to('a')), rule(1, [], invoke('o'))),
    other('o', rule(1, [], to('b'))),
  );
  expect(evaluatePolicies(set, call())).toEqual(evaluatePolicies(set, call()));
});
