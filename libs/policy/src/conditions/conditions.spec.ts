import { describe, expect, it } from 'vitest';
import type { KnownStates } from '@esinet/states';
import {
  type CallDraft,
  type Json,
  holds,
  nothingKnown,
  origination,
  problemsOf,
  rule,
  to,
} from '../policy-fixture.js';

const header = (field: string, operator: string, content?: string): Json => ({
  conditionType: 'SipHeaderCondition',
  field,
  operator,
  ...(content !== undefined && { content }),
});
const named = (type: string, more: Json): Json => ({ conditionType: `${type}Condition`, ...more });
const yes = (condition: Json, draft?: CallDraft): void => expect(holds(condition, draft)).toBe(true);
const no = (condition: Json, draft?: CallDraft): void => expect(holds(condition, draft)).not.toBe(true);

describe('headers', () => {
  const clause = { meta: { clause: 'NENA-STA-010 3.3.3.1.2' } };
  const draft: CallDraft = {
    headers: [
      ['Priority', 'Emergency'],
      ['Accept-Language', 'es, ca;q=0.5'],
      ['Subject', 'water, a lot'],
      ['X-Level', '36.5'],
      ['X-Sent', '2026-03-01T10:00:00Z'],
    ],
  };

  it('compares values and lines without regard to case', clause, () => {
    yes(header('priority', 'EQ', 'emergency'), draft);
    no(header('Priority', 'EQ', 'emerg'), draft);
    yes(header('Priority', 'SS', 'merge'), draft);
    yes(header('Accept-Language', 'EQ', 'es'), draft);
    yes(header('Subject', 'EQ', 'water, a lot'), draft);
    no(header('Priority', 'NE', 'emergency'), draft);
    yes(header('Priority', 'NE', 'normal'), draft);
    yes(header('f', 'SS', 'anonymous.invalid'), draft);
  });

  it('knows what is there and what is missing', clause, () => {
    yes(header('Priority', 'exists'), draft);
    yes(header('Geolocation', 'missing'), draft);
    no(header('Geolocation', 'exists'), draft);
    no(header('Geolocation', 'EQ', 'x'), draft);
    yes(header('Geolocation', 'NE', 'x'), draft);
    yes({ ...header('Geolocation', 'EQ', 'x'), negation: true }, draft);
  });

  it('orders numbers and timestamps', clause, () => {
    yes(header('X-Level', 'GT', '36.4'), draft);
    no(header('X-Level', 'GT', '36.5'), draft);
    yes(header('X-Level', 'GE', '36.5'), draft);
    yes(header('X-Level', 'LE', '100'), draft);
    yes(header('X-Sent', 'LT', '2026-03-01T12:00:00+01:00'), draft);
    expect(holds(header('Priority', 'LT', '5'), draft)).toContain('the value is no number');
    no({ ...header('Priority', 'LT', '5'), negation: true }, draft);
  });
});

describe('URIs', () => {
  const clause = {
    meta: { clause: ['NENA-STA-010 3.3.3.1.13', 'NENA-STA-010 3.3.3.1.14', 'NENA-STA-010 3.3.3.1.15'] },
  };

  it('are equal by the rules of their scheme', clause, () => {
    const queue = (operator: string, content: string): Json => named('IncomingQueue', { operator, content });
    yes(named('RequestUri', { operator: 'EQ', content: 'URN:service:SOS' }));
    yes(named('RequestUri', { operator: 'SS', content: 'service:sos' }), { uri: 'urn:service:sos.fire' });
    no(named('RequestUri', { operator: 'EQ', content: 'urn:service:sos' }), { uri: 'urn:service:sos.fire' });
    yes(queue('EQ', 'sip:sos@ESRP.example'));
    yes(queue('NE', 'sip:SOS@esrp.example'));
    yes(named('NormalNextHop', { operator: 'SS', content: '@psap.example' }));
  });

  it('are not there where LoST named none', clause, () => {
    const draft = { normalNextHop: undefined } as unknown as CallDraft;
    const lost = named('IncomingQueue', { operator: 'EQ', content: 'sip:x@y' });
    no(lost, draft);
    yes(named('NormalNextHop', { operator: 'NE', content: 'sip:x@y' }), draft);
  });

  it('and the service that LoST was asked for', { meta: { clause: 'NENA-STA-010 3.3.3.1.9' } }, () => {
    yes(named('LostServiceUrn', { urn: 'urn:service:sos' }));
    no(named('LostServiceUrn', { urn: 'urn:service:sos.police' }));
  });
});

describe('states', () => {
  const states: KnownStates = {
    ...nothingKnown,
    element: (elementId) => (elementId === 'bcf.example' ? { elementId, state: 'Overloaded' } : undefined),
    queue: (queueUri) =>
      queueUri === 'sip:a@psap.example'
        ? { queueUri, queueLength: 9, queueMaxLength: 9, state: 'Full' }
        : undefined,
    service: (name, domain) =>
      name === 'PSAP' && domain === 'psap.example'
        ? {
            service: { name, domain },
            serviceState: { state: 'Partial' },
            securityPosture: { posture: 'Red' },
          }
        : undefined,
  };

  it(
    'of queues, elements and services',
    { meta: { clause: ['NENA-STA-010 3.3.3.1.7', 'NENA-STA-010 3.3.3.1.8', 'NENA-STA-010 3.3.3.1.10'] } },
    () => {
      const draft = { states };
      yes(named('QueueState', { queue: 'sip:a@psap.example', condition: 'EQ', value: 'Full' }), draft);
      yes(named('QueueState', { queue: 'sip:a@psap.example', condition: 'NE', value: 'Active' }), draft);
      no(named('QueueState', { queue: 'sip:b@psap.example', condition: 'NE', value: 'Active' }), draft);
      yes(named('ElementState', { element: 'bcf.example', condition: 'EQ', value: 'overloaded' }), draft);
      yes(named('ServiceState', { service: 'PSAP@psap.example', condition: 'EQ', value: 'Partial' }), draft);
      yes(named('SecurityPosture', { service: 'PSAP@psap.example', condition: 'EQ', value: 'Red' }), draft);
      no(named('SecurityPosture', { service: 'PSAP@psap.example', condition: 'NE', value: 'Red' }), draft);
    },
  );

  it('are those of the registries', () => {
    const condition = named('QueueState', { queue: 'sip:a@b', condition: 'EQ', value: 'Ful' });
    expect(problemsOf(origination(rule(1, [condition], to('a'))))[0]).toContain('did you mean Full?');
  });
});

it(
  'goes by what the border marked',
  { meta: { clause: ['NENA-STA-010 3.3.3.1.6', 'NENA-STA-010 3.3.3.1.11', 'NENA-STA-010 3.3.3.1.18'] } },
  () => {
    const score = named('CallSuspicion', { scoreFrom: 50, scoreTo: 80 });
    for (const [callSuspicion, expected] of [
      [49, false],
      [50, true],
      [80, true],
      [81, false],
    ] as const)
      expect(holds(score, { callSuspicion }) === true).toBe(expected);
    expect(holds(score)).toContain('no suspicion was told');
    yes(named('CallSource', { operator: 'EQ', content: 'Mobile-A' }), { callSource: 'mobile-a' });
    no({ ...named('CallSource', { operator: 'EQ', content: 'x' }), negation: true });
    yes(named('CallingNumberVerificationStatus', { operator: 'NE', content: 'TN-Validation-Passed' }), {
      callingNumberVerification: 'No-TN-Validation',
    });
  },
);
