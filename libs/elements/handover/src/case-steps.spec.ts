import { describe, expect, it } from 'vitest';
import { type CaseCommand, caseStep, sealsDigest } from './case-steps.js';
import type { HandoverCase, Person, Seal } from './model.js';

const at = (text: string): number => Date.parse(text);
const now = at('2026-03-06T10:00:00Z');
const clerk: Person = { name: 'clara', roles: ['handover-clerk'] };
const reviewer: Person = { name: 'rita', roles: ['handover-reviewer', 'approver'] };
const first: Person = { name: 'anna', roles: ['approver'] };
const second: Person = { name: 'ben', roles: ['approver'] };
const all: Person = { name: 'clara', roles: ['handover-clerk', 'handover-reviewer', 'approver'] };

const seal: Seal = {
  ...{ id: 's1', transactionId: 't1', objectIds: ['d1'], digest: 'ab'.repeat(32), bytes: 10, items: 1 },
  objects: [{ id: 'o1', contentType: 'image/png', bytes: 3, digest: 'cd'.repeat(32) }],
};

const requested: HandoverCase = {
  id: 'case-1',
  authorisation: {
    reference: { kind: 'LDID', value: 'ES-PJ-42' },
    ...{ authority: 'pj', legalReference: 'order 42', includeTests: false, reviewBatches: false },
    selectors: [{ kind: 'uri', value: 'tel:+34600000001' }],
    categories: ['content'],
    range: { from: '2026-03-04T00:00:00Z', until: '2026-03-05T00:00:00Z' },
    validity: { from: '2026-03-06T00:00:00Z', until: '2026-03-20T00:00:00Z' },
  },
  hash: { algorithm: 'sha-256', construct: 'salt-prefix', salt: 'aa'.repeat(16), digest: 'bb' },
  ...{ phase: 'requested', createdBy: 'clara', createdAt: '2026-03-06T09:00:00Z', approvals: [], seals: [] },
};

function after(
  steps: readonly (readonly [CaseCommand, Person?])[],
  c: HandoverCase = requested,
): HandoverCase {
  return steps.reduce((state, [command, by]) => {
    const stepped = caseStep(state, command, by, now);
    if (!stepped.ok) throw new Error(`${command.do}: ${stepped.error}`);
    return stepped.value;
  }, c);
}

const of = sealsDigest([seal]);
const sealed = after([
  [{ do: 'freeze' }, clerk],
  [{ do: 'review', seals: [seal] }, reviewer],
]);
const approved = after(
  [
    [{ do: 'approve', of }, first],
    [{ do: 'approve', of }, second],
  ],
  sealed,
);

describe('a case', () => {
  it(
    'goes from the request to its end',
    { meta: { clause: 'TS 103 707 D.4.2', shall: ['707:D.4-4', '707:4.2-3'] } },
    () => {
      const sent = after([[{ do: 'send' }], [{ do: 'delivered' }]], approved);
      expect(sent.phase).toBe('delivered');
      const closed = after([[{ do: 'close' }, clerk]], sent);
      expect(closed).toMatchObject({ phase: 'closed', authorisation: { selectors: [] } });
      expect(closed.hash).toEqual({ algorithm: 'sha-256', construct: 'salt-prefix', digest: 'bb' });
    },
  );

  it(
    'is approved by two who are neither the one who asked, nor the one who looked, nor one and the same',
    { meta: { clause: 'TS 103 707 D.3.2', shall: ['707:D.3-3'] } },
    () => {
      for (const [state, by] of [
        [sealed, all],
        [sealed, reviewer],
        [after([[{ do: 'approve', of }, first]], sealed), first],
      ] as const) {
        expect(caseStep(state, { do: 'approve', of }, by, now)).toEqual({ ok: false, error: 'same-person' });
      }
      expect(after([[{ do: 'approve', of }, first]], sealed).phase).toBe('sealed');
    },
  );

  it('is approved for its bytes, and for no others', () => {
    for (const other of [
      [{ ...seal, digest: '00'.repeat(32) }],
      [{ ...seal, objects: [] }],
      [seal, seal],
      [],
    ]) {
      const approval = caseStep(sealed, { do: 'approve', of: sealsDigest(other) }, first, now);
      expect(approval).toEqual({ ok: false, error: 'other-bytes' });
      expect(caseStep({ ...approved, seals: other }, { do: 'send' }, undefined, now)).toEqual({
        ok: false,
        error: 'other-bytes',
      });
    }
  });

  it('is not sent with one approval', () => {
    const once = { ...after([[{ do: 'approve', of }, first]], sealed), phase: 'approved' as const };
    expect(caseStep(once, { do: 'send' }, undefined, now)).toEqual({ ok: false, error: 'other-bytes' });
  });

  it('loses its approvals with a new snapshot, and when it was suspended', () => {
    expect(after([[{ do: 'freeze' }, clerk]], approved)).toMatchObject({
      phase: 'in-review',
      approvals: [],
      seals: [],
    });
    const resumed = after(
      [
        [{ do: 'suspend' }, first],
        [{ do: 'resume' }, first],
      ],
      approved,
    );
    expect(resumed).toMatchObject({ phase: 'sealed', approvals: [] });
  });

  const commands: CaseCommand[] = [
    { do: 'freeze' },
    { do: 'review', seals: [] },
    { do: 'approve', of },
    { do: 'send' },
  ];
  const everything: Person = { name: 'x', roles: ['handover-clerk', 'handover-reviewer', 'approver'] };
  it.each(commands)('$do has no effect before, after and without the order being in force', (command) => {
    const phase = {
      freeze: 'requested',
      review: 'in-review',
      approve: 'sealed',
      send: 'approved',
    }[command.do as 'send'] as HandoverCase['phase'];
    const ready: HandoverCase = { ...approved, phase };
    for (const time of ['2026-03-05T23:59:59.999Z', '2026-03-20T00:00:00Z', '2027-01-01T00:00:00Z']) {
      expect(caseStep(ready, command, everything, at(time))).toEqual({ ok: false, error: 'not-in-force' });
    }
    for (const stopped of ['suspended', 'rejected', 'closed'] as const) {
      expect(caseStep({ ...ready, phase: stopped }, command, everything, now)).toEqual({
        ok: false,
        error: 'not-now',
      });
    }
  });

  it('was delivered also when the order ended while the answer was on its way', () => {
    const sending: HandoverCase = { ...approved, phase: 'sending' };
    expect(caseStep(sending, { do: 'delivered' }, undefined, at('2027-01-01T00:00:00Z'))).toMatchObject({
      value: { phase: 'delivered' },
    });
  });

  it('expires when its order is over, and not before', () => {
    const end = at('2026-03-20T00:00:00Z');
    expect(caseStep(approved, { do: 'expire' }, undefined, end - 1)).toEqual({ ok: false, error: 'not-now' });
    expect(caseStep(approved, { do: 'expire' }, undefined, end)).toMatchObject({
      value: { phase: 'closed', authorisation: { selectors: [] } },
    });
  });

  it(
    'asks for the role of each step',
    { meta: { clause: 'TS 103 707 D.3.2', shall: ['707:D.3-3', '707:4.1-2'] } },
    () => {
      expect(caseStep(requested, { do: 'freeze' }, first, now)).toEqual({ ok: false, error: 'not-allowed' });
      expect(caseStep(sealed, { do: 'approve', of }, clerk, now)).toEqual({
        ok: false,
        error: 'not-allowed',
      });
      expect(caseStep(sealed, { do: 'approve', of }, undefined, now)).toEqual({
        ok: false,
        error: 'not-allowed',
      });
    },
  );
});
