import { randomBytes } from 'node:crypto';
import { SchemaValidator } from '@esinet/handover';
import { ManualClock, silentLogger } from '@esinet/kernel';
import { MemoryRecords } from '@esinet/platform';
import { temporaryFolder } from '@esinet/testing';
import { AuditTrail } from './audit/audit-trail.js';
import { Authorities } from './authorities.js';
import { Outbox, type OutboxEntry } from './delivery/outbox.js';
import { now, order, police } from './handover-fixture.js';
import { HandoverDesk, type HandoverSettings } from './handover-desk.js';
import { type IntakeRequest, defaultIntakeLimits } from './intake.js';
import type { Authority, HandoverCase, Person } from './model.js';
import type { DeskRefusal } from './case-turns.js';
import type { Result } from '@esinet/kernel';
import { CaseKeys } from './vault/case-keys.js';
import { CaseVault } from './vault/case-vault.js';

/** What the specs of the desk share: a desk over memory, and people who work at it. */

export const validator = new SchemaValidator();

export const people = {
  clerk: { name: 'clara', roles: ['handover-clerk'] },
  reviewer: { name: 'rita', roles: ['handover-reviewer'] },
  first: { name: 'anna', roles: ['approver'] },
  second: { name: 'ben', roles: ['approver'] },
} as const satisfies Record<string, Person>;

const settings: HandoverSettings = {
  objectsUrl: 'https://archive.lab/objects/',
  objectsMs: 30 * 86_400_000,
  longestChatMs: 86_400_000,
  intake: defaultIntakeLimits,
  liid: { batchMs: 10_000, records: 3, leadMs: 60_000, lookBackMs: 3_600_000 },
};

/** What outlives a restart. */
export interface DeskDisk {
  readonly own: MemoryRecords;
  readonly chats: MemoryRecords;
  readonly keys: CaseKeys;
  readonly clock: ManualClock;
}

export async function diskOf(): Promise<DeskDisk> {
  return {
    own: new MemoryRecords(),
    chats: new MemoryRecords(),
    keys: await CaseKeys.open(temporaryFolder('desk'), randomBytes(32)),
    clock: new ManualClock(now),
  };
}

export interface DeskAtWork extends DeskDisk {
  readonly desk: HandoverDesk;
  readonly outbox: Outbox;
  readonly vault: CaseVault;
  readonly audit: AuditTrail;
  readonly authorities: Authorities;
  readonly stopped: string[];
}

/** A desk as it starts, for the first time or again. */
export async function deskOf(
  disk: DeskDisk,
  o: { readonly authority?: Partial<Authority>; readonly liid?: HandoverSettings['liid'] } = {},
): Promise<DeskAtWork> {
  const { own, chats, keys, clock } = disk;
  const [vault, audit] = [new CaseVault(own, keys), await AuditTrail.open(own, clock)];
  const [outbox, authorities] = [await Outbox.open(own), await Authorities.open(own)];
  const onboarded = await authorities.onboard({ ...police, ...o.authority });
  if (!onboarded.ok) throw new Error(onboarded.error.join());
  const stopped: string[] = [];
  const desk = new HandoverDesk({
    ...{ authorities, vault, audit, outbox, chats, own, validator, clock },
    settings: { ...settings, ...(o.liid && { liid: o.liid }) },
    ...{ logger: silentLogger, onQueued: () => undefined, onStopped: (id: string) => stopped.push(id) },
  });
  return { ...disk, desk, outbox, vault, audit, authorities, stopped };
}

export function valueOf<T>(result: Result<T, DeskRefusal>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

/** From intake to review. */
export async function sealedCase(
  { desk }: DeskAtWork,
  change: Partial<IntakeRequest> = {},
): Promise<HandoverCase> {
  const { id } = valueOf(await desk.takeIn({ ...order, ...change }, people.clerk));
  valueOf(await desk.freeze(id, people.clerk));
  return valueOf(await desk.review(id, [], people.reviewer));
}

/** Two people approve what there is to approve. */
export async function approvedByTwo({ desk }: DeskAtWork, c: HandoverCase): Promise<HandoverCase> {
  valueOf(await desk.approve(c.id, desk.approvalDigest(c), people.first));
  return valueOf(await desk.approve(c.id, desk.approvalDigest(c), people.second));
}

/** The far side takes everything that waits, in order, as the pump would have it. */
export async function deliverAll({ desk, outbox }: DeskAtWork): Promise<OutboxEntry[]> {
  const sent: OutboxEntry[] = [];
  for (let waiting = await outbox.waiting(); waiting.length > 0; waiting = await outbox.waiting()) {
    for (const entry of waiting) {
      await desk.acknowledged(entry.case, entry);
      await outbox.put({ ...entry, attempts: 1, state: 'delivered' });
      sent.push(entry);
    }
  }
  return sent;
}

/** Ids of the counts of what the audit says was done, in order. */
export async function auditOf({ audit }: DeskAtWork): Promise<string[]> {
  const lines: string[] = [];
  for await (const { what, outcome } of audit.entries()) lines.push(`${what} ${outcome ?? ''}`.trim());
  return lines;
}
