import { ManualClock, silentLogger } from '@esinet/kernel';
import { InProcessBus } from '@esinet/platform';
import { type IdentityLabel, editMessage, readEmergencySource } from '@esinet/sip';
import { sipMessage } from '@esinet/testing';
import { expect, it } from 'vitest';
import { type Draft, chatHeader, chatId, inside, peer, request, stranger } from '../bcf-fixture.js';
import type { Source } from '../policy.js';
import { AuditTrail } from './audit-trail.js';
import { BadActors } from './bad-actors.js';
import { badActorsConfigSchema } from './config.js';
import { SourceMarks } from './source-marks.js';
import { SourceRegister } from './source-register.js';

const meta = { clause: 'NENA i3 emergency-source' };
const flow = { remoteAddress: '192.0.2.1' };

function border() {
  const clock = new ManualClock();
  const sources = new SourceRegister({ clock, domain: 'bcf.example', rememberMs: 60_000, max: 100 });
  const actors = new BadActors(badActorsConfigSchema.parse({}), {
    clock,
    bus: new InProcessBus({ logger: silentLogger, clock }),
    sources,
    audit: new AuditTrail({ maxBytes: 10_000, logger: silentLogger }),
  });
  const marks = new SourceMarks({ sources, actors });
  return {
    actors,
    /** The request as it leaves. */
    marked(
      draft: Draft,
      source: Source,
      identity?: IdentityLabel,
      traffic: 'emergency' | 'relay' = 'emergency',
    ) {
      const before = request(draft);
      const edits = marks.edits(before, source, flow, { traffic, callId: chatId }, identity);
      return sipMessage(editMessage(before, { edits: [...(edits?.before ?? []), ...(edits?.after ?? [])] }));
    },
  };
}

it('names the source of a call, and the peer it is behind', { meta }, () => {
  const { marked } = border();
  expect(readEmergencySource(marked({ headers: [chatHeader] }, stranger))).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{32}@bcf\.example$/) as string,
  });
  expect(readEmergencySource(marked({}, peer))?.source).toBe('provider');
});

it('takes away what is said of the source from outside, and leaves the rest octet by octet', { meta }, () => {
  const { marked } = border();
  const other = ['Call-Info', '<https://a.example/x>; purpose=icon, <b@c>;purpose=emergency-source'] as const;
  const forged = ['Call-Info', '<a@b>;purpose=Emergency-Source;suspicion=1;source=provider'] as const;
  const after = marked({ headers: [chatHeader, other, forged] }, stranger);
  expect(after.values('Call-Info').slice(0, 2)).toEqual([
    chatHeader[1],
    '<https://a.example/x>; purpose=icon',
  ]);
  expect(after.values('Call-Info')).toHaveLength(3);
  const relayed = marked({ headers: [chatHeader, forged] }, peer, undefined, 'relay');
  expect(relayed.values('Call-Info')).toEqual([chatHeader[1]]);
  // From inside it is ours.
  expect(marked({ headers: [forged] }, inside).values('Call-Info')).toEqual([forged[1]]);
});

it(
  'says how much speaks against it',
  { meta: { clause: ['NENA i3 emergency-source', 'RFC 8224 6.2.1'] } },
  async () => {
    const { marked, actors } = border();
    const read = (identity?: IdentityLabel) =>
      readEmergencySource(marked({ headers: [chatHeader] }, stranger, identity));
    expect(read({ outcome: 'passed' })).toMatchObject({ verstat: 'TN-Validation-Passed' });
    expect(read({ outcome: 'unknown', reason: 'not-fetched' })?.suspicion).toBeUndefined();
    expect(read({ outcome: 'failed', reason: 'stale' })).toMatchObject({
      suspicion: 60,
      verstat: 'TN-Validation-Failed',
    });
    await actors.report(read()?.id ?? '', 'psap');
    expect(read({ outcome: 'failed', reason: 'stale' })?.suspicion).toBe(80);
    actors.close();
  },
);
