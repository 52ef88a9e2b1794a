import { createHash } from 'node:crypto';
import { timeOf } from '@esinet/handover';
import type { Clock, Logger } from '@esinet/kernel';
import type { CounterMetric } from '@esinet/platform';
import type { AuditTrail } from '../audit/audit-trail.js';
import type { Authorities } from '../authorities.js';
import type { HandoverDesk } from '../handover-desk.js';
import type { Authority, HandoverCase, Seal } from '../model.js';
import type { Exchange, Verdict } from './attempt.js';
import type { AuthorityAgents } from './authority-agents.js';
import { mayLeave } from './may-leave.js';
import type { OutboxEntry } from './outbox.js';
import { postDocument, postObject } from './post.js';
import type { PumpPorts, Sendable } from './pump.js';

export interface DeliveryPortsOptions {
  readonly desk: HandoverDesk;
  readonly authorities: Authorities;
  readonly audit: AuditTrail;
  readonly agents: AuthorityAgents;
  readonly times: { readonly timeoutMs: number; readonly continueMs: number };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly verdicts: CounterMetric;
}

/** What the pump asks before it sends, and what follows from an answer. */
export function deliveryPorts(o: DeliveryPortsOptions): PumpPorts {
  return {
    isPaused: (authority) => o.authorities.isPaused(authority),
    prepare: (entry) => prepared(entry, o),
    settled: (entry, verdict) => settled(entry, verdict, o),
  };
}

async function prepared(entry: OutboxEntry, o: DeliveryPortsOptions): Promise<Sendable | 'wait' | 'never'> {
  const c = await o.desk.get(entry.case);
  const may = mayLeave(c, entry.id, o.clock.wall());
  if (may.kind === 'later') return 'wait';
  const authority = o.authorities.get(entry.authority);
  if (may.kind === 'now' && !authority) return 'wait';
  if (!c || may.kind === 'never' || !authority || c.authorisation.authority !== entry.authority) {
    await o.audit.write({ ...about(entry), what: 'attempt', outcome: 'not-allowed' });
    return 'never';
  }
  const bytes = await bytesOf(entry, may.seal, c, o);
  if (!bytes) {
    // Not those that two people looked at: nothing of it leaves.
    await o.audit.write({ ...about(entry), what: 'attempt', outcome: 'other-bytes' });
    o.logger.error('handover-bytes-altered', { case: entry.case, number: entry.number });
    return 'never';
  }
  return {
    transactionId: may.seal.transactionId,
    objectIds: may.seal.objectIds,
    until: timeOf(c.authorisation.validity.until) ?? 0,
    send: async (stop) => {
      await o.audit.write({
        ...{ ...about(entry), what: 'attempt', outcome: 'begun' },
        counts: { number: entry.number, attempt: entry.attempts + 1, bytes: bytes.length },
        digests: { [entry.kind]: sha256(bytes) },
      });
      // Suspended or expired while the entry was written: still nothing has left.
      if (mayLeave(await o.desk.get(entry.case), entry.id, o.clock.wall()).kind !== 'now') return stopped;
      return send(entry, bytes, may.seal, authority, stop, o);
    },
  };
}

const stopped: Exchange = { kind: 'failed', reason: 'stopped', mayHaveArrived: false };

function send(
  entry: OutboxEntry,
  bytes: Buffer,
  seal: Seal,
  authority: Authority,
  signal: AbortSignal,
  { agents, times }: DeliveryPortsOptions,
): Promise<Exchange> {
  const agent = agents.of(authority);
  if (entry.kind === 'document') {
    return postDocument(authority.deliveryUrl, bytes, { agent, timeoutMs: times.timeoutMs, signal });
  }
  const contentType = seal.objects.find(({ id }) => id === entry.id)?.contentType;
  return postObject(`${authority.objectsUrl ?? ''}${entry.id}/`, bytes, {
    ...{ agent, signal, contentType: contentType ?? 'application/octet-stream', ...times },
  });
}

/** The sealed bytes, if they still are those; undefined otherwise. */
async function bytesOf(
  entry: OutboxEntry,
  seal: Seal,
  c: HandoverCase,
  { desk }: DeliveryPortsOptions,
): Promise<Buffer | undefined> {
  const isDocument = entry.kind === 'document';
  const digest = isDocument ? seal.digest : seal.objects.find(({ id }) => id === entry.id)?.digest;
  const bytes = await (isDocument ? desk.files.document(c.id, seal.id) : desk.files.object(c.id, entry.id));
  return bytes && sha256(bytes) === digest ? bytes : undefined;
}

async function settled(
  entry: OutboxEntry,
  verdict: Verdict,
  o: DeliveryPortsOptions,
): Promise<'replaced' | undefined> {
  o.verdicts.inc({ authority: entry.authority, kind: entry.kind, verdict: verdict.kind });
  await o.audit.write({
    ...{ ...about(entry), what: 'attempt', outcome: verdict.kind },
    counts: {
      ...{ number: entry.number, attempt: entry.attempts },
      ...('code' in verdict && { code: verdict.code }),
    },
  });
  switch (verdict.kind) {
    case 'delivered':
      // Objects of Model B follow; the case is delivered when nothing of it waits.
      await o.desk.acknowledged(entry.case, entry);
      return undefined;
    case 'pause':
      await o.authorities.pause(entry.authority, `error-${verdict.code}`);
      o.logger.error('handover-authority-paused', { authority: entry.authority, code: verdict.code });
      return undefined;
    case 'split':
      if (await o.desk.splits.split(entry)) return 'replaced';
      return failed(entry, verdict.code, o);
    case 'permanent':
      return failed(entry, verdict.code, o);
    case 'retry':
      return undefined;
  }
}

function failed(
  { case: id, number }: OutboxEntry,
  code: number,
  { logger }: DeliveryPortsOptions,
): undefined {
  logger.error('handover-delivery-failed', { case: id, number, code });
}

function about({ case: id, authority }: OutboxEntry) {
  return { who: 'handover', case: id, authority } as const;
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
