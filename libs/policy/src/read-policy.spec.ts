import { expect, it } from 'vitest';
import { invoke, origination, other, problemsOf, read, rule, to } from './policy-fixture.js';
import { formatPolicyProblem } from './policy-problem.js';
import { policySet } from './policy-set.js';

it('sorts rules by priority', { meta: { clause: 'NENA-STA-010 3.3.3' } }, () => {
  const policy = read(origination(rule(1, [], to('a')), rule(7, [], to('b')), rule(3, [], to('c'))));
  expect(policy.rules.map(({ priority }) => priority)).toEqual([7, 3, 1]);
});

it('names line, path and value of everything that is wrong, and what would be right', () => {
  const text = `{
  "policyType": "OriginationRoutePolicy",
  "policyOwner": "esrp.example",
  "policyQueueName": "sip:sos@esrp.example",
  "policyRules": [
    { "id": "a", "priority": "high",
      "conditions": [
        { "conditionType": "RegexCondition" },
        { "conditionType": "SipHeader", "field": "Priority" },
        { "conditionType": "SipHeaderCondition", "field": "Priority", "operater": "EQ", "content": "x" }
      ],
      "actions": [{ "actionType": "dropAction" }] }
  ]
}`;
  const problems = problemsOf(text, { file: 'night.json' });
  expect(problems.map((problem) => problem.split(' (')[0])).toEqual([
    'night.json:6: policyRules[0].priority: expected a whole number from 0 to 2147483647, found "high"',
    'night.json:8: policyRules[0].conditions[0].conditionType: is no condition known here, found "RegexCondition"',
    'night.json:9: policyRules[0].conditions[1].conditionType: is no condition known here, found "SipHeader"',
    'night.json:10: policyRules[0].conditions[2].operator: is missing',
    'night.json:10: policyRules[0].conditions[2].operater: is not a member known here, found "EQ"',
    'night.json:12: policyRules[0].actions[0].actionType: is no action known here, found "dropAction"',
  ]);
  expect(problems[2]).toContain('did you mean SipHeaderCondition?');
  expect(problems[4]).toContain('did you mean operator?');
  expect(problems[5]).toContain('one of routeAction, busyAction');
});

it.each([
  [
    'two rules of one priority',
    origination(rule(1, [], to('a')), { ...rule(1, [], to('b')), id: 'x' }),
    'policyRules[1].priority: is that of rule r1 too',
  ],
  [
    'two rules of one id',
    origination(rule(1, [], to('a')), { ...rule(2, [], to('b')), id: 'r1' }),
    'policyRules[1].id: is that of policyRules[0] too',
  ],
  ['no queue', { ...origination(), policyQueueName: undefined }, 'policyQueueName: is missing'],
  [
    'an id beside a queue',
    { ...origination(), policyId: 'x' },
    'policyId: has no place in a policy of type OriginationRoutePolicy',
  ],
  ['a queue beside an id', { ...other('x'), policyQueueName: 'sip:a@b' }, 'policyQueueName: has no place'],
  ['no rules', { ...origination(), policyRules: undefined }, 'policyRules: is missing'],
  ['another type', { ...origination(), policyType: 'GISReplicas' }, 'policyType: is not known'],
  ['no actions', origination({ id: 'a', priority: 1 }), 'policyRules[0].actions: is missing'],
  [
    'an action behind the end',
    origination(rule(1, [], to('a'), { actionType: 'logAction' })),
    'policyRules[0].actions[1]: is never reached behind routeAction',
  ],
  [
    'no SIP URI',
    origination(rule(1, [], { actionType: 'routeAction', recipientUri: 'madrid' })),
    'recipientUri: expected a SIP URI',
  ],
  [
    'an expiry that is no time',
    { ...origination(), policyExpirationTime: 'tomorrow' },
    'policyExpirationTime: expected a timestamp',
  ],
  [
    'paths written as names',
    { policyType: 'OtherRoutePolicy', policyRules_0_id: 'a' },
    'policyRules_0_id: is a path written as a name',
  ],
  [
    'an owner that is no domain',
    { ...origination(), policyOwner: 'te$t@@x' },
    'policyOwner: expected a domain name',
  ],
  [
    'an urgency of 200',
    origination(rule(1, [], { actionType: 'notifyAction', eventCode: 'x', urgency: 200 })),
    'urgency: expected a whole number from 0 to 100',
  ],
  [
    'an invocation by id and type of queues',
    origination(rule(1, [], { ...invoke('x'), policyType: 'NormalNextHopRoutePolicy' })),
    'policyId: has no place beside',
  ],
])('refuses %s', { meta: { clause: 'NENA-STA-010 3.3.1' } }, (_, json, message) => {
  expect(problemsOf(json).join('\n')).toContain(message);
});

it.each([
  ['', 1, 'found the end of the file'],
  ['{\n "a": 1,\n}', 3, 'expected a name in double quotes, found "}"'],
  ['{ "a": [1, 2 }', 1, 'expected , or ], found "}"'],
  ['{\n"a": tru }', 2, 'expected a value, found "t"'],
  ['{} x', 1, 'expected the end, found "x"'],
  ['{"a": "b\n"}', 1, 'a text that does not end on its line'],
])('says where %j is no JSON', (text, line, message) => {
  expect(problemsOf(text, { file: 'f' })).toEqual([
    expect.stringMatching(new RegExp(`^f:${line}: is no JSON`)),
  ]);
  expect(problemsOf(text)[0]).toContain(message);
});

it('survives whatever it is given', () => {
  for (const text of [
    'null',
    '[]',
    '1',
    '"x"',
    '{"policyRules":{}}',
    '{"policyRules":[null,1,[]]}',
    '['.repeat(100_000),
  ])
    expect(problemsOf(text).length).toBeGreaterThan(0);
});

it('takes no more than its limits', () => {
  const many = origination(...Array.from({ length: 11 }, (_, i) => rule(i, [], to('a'))));
  expect(problemsOf(many, { limits: { maxRules: 10 } })[0]).toContain(
    'policyRules: has 11 elements, 10 are allowed',
  );
  expect(problemsOf(many, { limits: { maxBytes: 100 } })).toEqual([
    'is larger than 100 octets (policies.maxBytes)',
  ]);
});

it(
  'refuses policies that invoke themselves, each other, or what is not there',
  { meta: { clause: 'NENA-STA-010 3.3.3.2.5' } },
  () => {
    const problems = (...policies: readonly object[]): string => {
      const set = policySet(policies.map((each) => read(each as never, { file: 'f.json' })));
      return set.ok ? '' : set.error.map(formatPolicyProblem).join('\n');
    };
    expect(problems(other('a', rule(1, [], invoke('a'))))).toBe('f.json: a: invokes itself: a → a');
    expect(
      problems(
        other('a', rule(1, [], invoke('b'))),
        other('b', rule(1, [], invoke('c'))),
        other('c', rule(1, [], invoke('b'))),
      ),
    ).toBe('f.json: b: invokes itself: b → c → b');
    expect(problems(origination(rule(1, [], invoke('x'))))).toContain(
      'rule r1 invokes x, which is not there',
    );
    expect(problems(other('a'), other('a'))).toContain('is there twice: a');
    expect(
      problems(origination(), { ...origination(), policyQueueName: 'sip:sos@ESRP.example;transport=udp' }),
    ).toContain('is there twice');
  },
);
