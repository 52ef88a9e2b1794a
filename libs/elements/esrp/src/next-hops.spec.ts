import type { PolicyVerdict } from '@esinet/policy';
import { describe, expect, it } from 'vitest';
import { type Decision, type HopFacts, afterQueues, nextHops, whyFirst } from './next-hops.js';

const madrid = 'sip:madrid@psap.lab';
const second = 'sip:second@psap.lab';
const night = 'sip:night@psap.lab';
const fallback = 'sip:default@psap.lab';

const facts: HopFacts = { mapped: [madrid, second], defaultPsapUri: fallback, running: false };
const nothing = { trail: [], notify: [], log: [] };
const to = (recipientUri: string, cause?: string): PolicyVerdict => ({
  ...nothing,
  outcome: { kind: 'route', recipientUri, ...(cause !== undefined && { cause }) },
  decidedBy: { policy: 'p', rule: 'r1', priority: 5 },
});
const busy: PolicyVerdict = { ...nothing, outcome: { kind: 'busy' } };

function uris(decision: Decision): string[] {
  if (decision.kind !== 'forward') throw new Error('not forwarded');
  return decision.hops.map(({ uri }) => uri);
}

describe('the order of next hops', () => {
  it('without a policy: the ECRF, then the default PSAP', { meta: { clause: 'TS 103 698 6.1.2.6' } }, () => {
    for (const verdict of [undefined, { ...nothing, outcome: { kind: 'none' as const } }]) {
      const decision = nextHops(facts, verdict);
      expect(uris(decision)).toEqual([madrid, second, fallback]);
      expect(whyFirst(decision)).toBeUndefined();
    }
  });

  it(
    'a policy puts its recipient before all others and loses none of them',
    { meta: { clause: ['RFC 7044 10.2', 'TS 103 698 6.1.2.6'] } },
    () => {
      const decision = nextHops(facts, to(night, 'night shift'));
      expect(uris(decision)).toEqual([night, madrid, second, fallback]);
      expect(decision).toMatchObject({
        left: [{ uri: madrid, because: { cause: 302, text: 'policy: night shift' } }],
      });
      expect(whyFirst(nextHops(facts, to(night)))?.text).toBe('policy: r1');
    },
  );

  it('no next hop stands there twice', { meta: { clause: 'RFC 3261 16.5' } }, () => {
    expect(uris(nextHops(facts, to(second)))).toEqual([second, madrid, fallback]);
    expect(uris(nextHops({ ...facts, mapped: [fallback, madrid] }, to(madrid)))).toEqual([madrid, fallback]);
    const same = nextHops(facts, to(madrid));
    expect(uris(same)).toEqual([madrid, second, fallback]);
    expect(same).toMatchObject({ left: [] });
  });

  it('what is no SIP URI is no next hop', { meta: { clause: 'RFC 3261 19.1' } }, () => {
    for (const odd of ['', 'tel:112', 'sip:', 'urn:service:sos', 'sip:a@b\r\nX: y', 'nonsense']) {
      expect(uris(nextHops({ ...facts, mapped: [odd] }, to(odd))), odd).toEqual([fallback]);
    }
    expect(uris(nextHops(facts, to(`${night}?Reason=x`)))[0]).toBe(night);
  });

  it(
    'tells of a failed lookup and of the policy in one reason',
    { meta: { clause: ['RFC 3326 2', 'TS 103 698 6.1.2.6'] } },
    () => {
      const lost: HopFacts = { ...facts, mapped: [], failure: { cause: 404, text: 'location: none' } };
      expect(whyFirst(nextHops(lost, undefined))).toEqual({ cause: 404, text: 'location: none' });
      const decision = nextHops(lost, to(night));
      expect(uris(decision)).toEqual([night, fallback]);
      expect(whyFirst(decision)).toEqual({ cause: 302, text: 'policy: r1; location: none' });
    },
  );

  it(
    'busy is for calls that begin, never for a chat that runs',
    { meta: { clause: 'RFC 3261 21.6.1' } },
    () => {
      expect(nextHops(facts, busy)).toEqual({ kind: 'busy', because: { cause: 600, text: 'policy: busy' } });
      expect(uris(nextHops({ ...facts, running: true }, busy))).toEqual([madrid, second, fallback]);
    },
  );
});

describe('after the queues were asked', () => {
  const decision = nextHops(facts, undefined);

  it(
    'who let the call in comes first, who did not comes last and stands in the history',
    { meta: { clause: ['RFC 7044 10.2', 'RFC 3326 2'] } },
    () => {
      const after = afterQueues(
        decision,
        { kind: 'admitted', uri: second, passedOver: [{ uri: madrid, why: 'Full' }] },
        false,
      );
      expect(uris(after)).toEqual([second, fallback, madrid]);
      expect(after).toMatchObject({ left: [{ uri: madrid, because: { cause: 486, text: 'queue: Full' } }] });
      expect(whyFirst(after)).toEqual({ cause: 486, text: 'queue: Full' });
    },
  );

  it('an alternate of the queues is a next hop like any other', { meta: { clause: 'RFC 3261 16.5' } }, () => {
    const alternate = 'sip:alternate@psap.lab';
    const after = afterQueues(
      decision,
      {
        kind: 'admitted',
        uri: alternate,
        then: [fallback, second],
        passedOver: [{ uri: madrid, why: 'Inactive' }],
      },
      false,
    );
    expect(uris(after)).toEqual([alternate, fallback, second, madrid]);
    expect(whyFirst(after)?.cause).toBe(480);
  });

  it('queues that fail change nothing', { meta: { clause: 'RFC 3261 16.5' } }, () => {
    expect(afterQueues(decision, { kind: 'failed', why: 'threw' }, false)).toBe(decision);
    expect(afterQueues(decision, undefined, false)).toBe(decision);
  });

  it(
    'all busy is an answer, but not to a chat that runs',
    { meta: { clause: 'RFC 3261 20.33, 21.6.1' } },
    () => {
      const answer = { kind: 'busy', retryAfterSeconds: 7 } as const;
      expect(afterQueues(decision, answer, false)).toMatchObject({ kind: 'busy', retryAfterSeconds: 7 });
      expect(afterQueues(decision, answer, true)).toBe(decision);
    },
  );
});
