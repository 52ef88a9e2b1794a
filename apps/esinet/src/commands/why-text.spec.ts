import type { Explanation } from '@esinet/element-esrp';
import { expect, it } from 'vitest';
import { explanationLines } from './why-text.js';

const decision: Explanation = {
  at: '2026-01-01T12:00:01.000Z',
  element: 'esrp',
  callId: 'urn:emergency:uid:callid:a:app.lab',
  method: 'MESSAGE',
  role: 'emergency',
  service: 'urn:service:sos',
  test: false,
  location: 'value',
  locationsTried: 2,
  mapping: 'lost',
  boundary: 'ecrf.lab/madrid',
  uri: 'sip:night@psap.lab',
  reason: 'policy: night',
  notTaken: 'sip:madrid@psap.lab',
  policy: { outcome: 'route', decidedBy: { policy: 'city', rule: 'night', priority: 5 }, rules: 2 },
  states: [{ kind: 'queue', of: 'sip:madrid@psap.lab', state: 'Active' }],
  queue: 'admitted',
  nextHops: [
    { uri: 'sip:night@psap.lab', from: 'policy' },
    { uri: 'sip:madrid@psap.lab', from: 'mapping' },
    { uri: 'sip:default@psap.lab', from: 'default' },
  ],
  passedOver: [{ uri: 'sip:madrid@psap.lab', cause: 302, text: 'policy: night' }],
  verdict: {
    outcome: { kind: 'route', recipientUri: 'sip:night@psap.lab' },
    trail: [
      { policy: 'city', rule: 'storm', matched: false, failed: 'QueueState' },
      { policy: 'city', rule: 'night', matched: true },
    ],
    notify: [],
    log: [],
  },
  tookMs: 12,
  outcome: {
    at: '2026-01-01T12:00:02.000Z',
    status: 200,
    uri: 'sip:madrid@psap.lab',
    failed: [{ uri: 'sip:night@psap.lab', status: 408 }],
  },
};

const border = (at: string) => ({
  at,
  method: 'MESSAGE',
  side: 'public',
  listener: 'public-udp',
  traffic: 'emergency',
  decision: 'forward',
  why: 'service urn',
});

it('tells the steps in their order, what was taken and what was not', () => {
  const lines = explanationLines({
    callId: decision.callId!,
    screened: [border('2026-01-01T12:00:00.000Z'), border('2026-01-01T12:00:03.000Z')],
    decisions: [decision],
  }).map(({ kind, label, text }) => `${kind}: ${label} ${text}`.trim());
  expect(lines).toEqual([
    'head:  urn:emergency:uid:callid:a:app.lab',
    'step: border 12:00:00.000  MESSAGE from public-udp: emergency, forward (service urn)',
    'step: router 12:00:01.000  MESSAGE urn:service:sos, decided in 12 ms',
    'step: location by value, 2 tried',
    'step: mapping ecrf.lab/madrid (the ECRF)',
    'step: policy city / night (priority 5): another next hop, 2 rules looked at',
    'detail:  · city / storm: not QueueState',
    'detail:  ✓ city / night',
    'detail:  queue sip:madrid@psap.lab: Active',
    'step: queue let in',
    'left: sip:madrid@psap.lab 302 policy: night',
    'left: sip:night@psap.lab policy, failed with 408',
    'taken: sip:madrid@psap.lab mapping, answered 200',
    'spare: sip:default@psap.lab default, not needed',
    'step: border 12:00:03.000  MESSAGE from public-udp: emergency, forward (service urn)',
  ]);
});

it('tells of a call that ended nowhere', () => {
  const {
    policy: _policy,
    verdict: _verdict,
    nextHops: _nextHops,
    passedOver: _passedOver,
    ...rest
  } = decision;
  const lines = explanationLines({
    screened: [],
    decisions: [
      {
        ...rest,
        location: 'none',
        mapping: 'none',
        reason: 'policy: busy',
        outcome: { at: '', status: 600 },
      },
    ],
  });
  expect(lines.at(-1)).toEqual({ kind: 'taken', label: 'nobody', text: 'answered 600' });
});

it('tells what would become of it now', () => {
  const last = (same: boolean) =>
    explanationLines({
      screened: [],
      decisions: [{ ...decision, replay: { same, nextHops: ['sip:a@psap.lab', 'sip:b@psap.lab'] } }],
    }).at(-1)?.text;
  expect(last(true)).toBe('the same way');
  expect(last(false)).toBe('sip:a@psap.lab, then sip:b@psap.lab');
});
