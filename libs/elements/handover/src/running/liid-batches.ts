import { type Clock, type Result, isoTime, ok } from '@esinet/kernel';
import { timeOf } from '@esinet/handover';
import type { RecordWrite } from '@esinet/platform';
import type { Authorities } from '../authorities.js';
import type { CaseFiles } from '../case-files.js';
import { type CaseTurns, type DeskRefusal, type StepDone, refused } from '../case-turns.js';
import type { Outbox } from '../delivery/outbox.js';
import { notInForce } from '../in-force.js';
import type { Authorisation, HandoverCase, Person } from '../model.js';
import type { ReviewDecision } from '../sealing.js';
import type { SealingRoom } from '../sealing-room.js';
import type { FrozenMessage, RecordsView } from '../snapshot.js';
import type { CaseVault } from '../vault/case-vault.js';
import { type LiidState, withMarks } from './liid-state.js';
import { type LiveMessage, LiveScan } from './live-scan.js';

export interface LiidSettings {
  /** A message waits at most so long for others to go with it. */
  readonly batchMs: number;
  /** So many do not wait. */
  readonly records: number;
  /** Before the validity ends the last batch is made, so that it still leaves under it. */
  readonly leadMs: number;
  /** A record may be stored so long after it was stamped and is found all the same. */
  readonly lookBackMs: number;
}

export const defaultLiidSettings: LiidSettings = {
  batchMs: 10_000,
  records: 100,
  leadMs: 60_000,
  lookBackMs: 86_400_000,
};

/** What was stamped before the end may be stored a moment after it. */
const settleMs = 2_000;

/** When an LIID has its last record: at the end of its range, or early enough for the last batch to leave in time. */
export function endOf({ range, validity }: Authorisation, leadMs: number): number {
  return Math.min(timeOf(range.until) ?? 0, (timeOf(validity.until) ?? 0) - leadMs);
}

/** Whether what waits goes now: it is enough, it has waited enough, or nothing more comes. */
export function isBatchDue(
  messages: readonly LiveMessage[],
  o: { readonly wallMs: number; readonly isLast: boolean; readonly settings: LiidSettings },
): boolean {
  if (messages.length === 0) return false;
  if (o.isLast || messages.length >= o.settings.records) return true;
  return messages.some(({ message }) => Date.parse(message.at) + o.settings.batchMs <= o.wallMs);
}

/** Records of an LIID as they come: looked for, sealed or put before a reviewer, and queued, without anybody's doing. */
export class LiidBatches {
  readonly #scans = new Map<string, LiveScan>();
  /** Cases that are looked at: those that ran when the process started, and those that began since. */
  readonly running = new Set<string>();

  constructor(
    private readonly o: {
      readonly turns: CaseTurns;
      readonly vault: CaseVault;
      readonly files: CaseFiles;
      readonly room: SealingRoom;
      readonly outbox: Outbox;
      readonly authorities: Authorities;
      readonly chats: RecordsView;
      readonly longestChatMs: number;
      readonly settings: LiidSettings;
      readonly clock: Clock;
      readonly onQueued: () => void;
    },
  ) {}

  /** One look at one case. What is new is sealed and queued in one write with how far it came. */
  async look(id: string): Promise<'nothing' | 'waits' | 'sealed' | 'ended' | 'idle' | 'refused'> {
    const came = await this.o.turns.take(id, () => this.#look(id));
    if (came === 'sealed' || came === 'ended') this.o.onQueued();
    if (came === 'ended' || came === 'idle') {
      this.#scans.delete(id);
      this.running.delete(id);
    } else {
      this.running.add(id);
    }
    return came;
  }

  async #look(id: string): ReturnType<LiidBatches['look']> {
    const { vault, turns, clock, settings } = this.o;
    const c = await vault.get(id);
    if (!c?.liid || c.phase !== 'running') return 'idle';
    const wallMs = clock.wall();
    if (notInForce(c.authorisation, c.phase, wallMs)) return 'idle';
    // A batch that somebody looks at holds up the next: their order is part of what is promised.
    if (c.liid.pending) return 'waits';
    const end = endOf(c.authorisation, settings.leadMs);
    const isLast = wallMs >= end + settleMs;
    const look = await this.#scan(c).look(c.liid, wallMs, isoTime(end));
    if (isLast && look.messages.length === 0) {
      const ended = await turns.within(id, { do: 'end' }, undefined, (now) =>
        Promise.resolve(ok({ case: now, value: undefined })),
      );
      return ended.ok ? 'ended' : 'refused';
    }
    if (!isBatchDue(look.messages, { wallMs, isLast, settings })) {
      return look.messages.length === 0 ? 'nothing' : 'waits';
    }
    const batch = await turns.within(id, { do: 'batch' }, undefined, (now) =>
      this.#batch(now, look.messages, look.unreadable, isLast),
    );
    if (!batch.ok) return 'refused';
    return batch.value;
  }

  /** A reviewer's decisions about the batch that waits for them. */
  async review(
    id: string,
    decisions: readonly ReviewDecision[],
    by: Person,
  ): Promise<Result<HandoverCase, DeskRefusal>> {
    const { turns, files } = this.o;
    const reviewed = await turns.step<HandoverCase>(id, { do: 'review-batch' }, by, async (c) => {
      const pending = c.liid?.pending;
      if (!c.liid || !pending) return refused('not-now');
      const { pending: _, ...liid } = c.liid;
      const messages = await files.snapshot(id);
      return this.#sealed({ ...c, liid }, messages, decisions, pending.marks, pending.isLast);
    });
    if (reviewed.ok) this.o.onQueued();
    return reviewed;
  }

  async #batch(
    c: HandoverCase,
    messages: readonly LiveMessage[],
    unreadable: number,
    isLast: boolean,
  ): Promise<Result<StepDone<'waits' | 'sealed' | 'ended'>, DeskRefusal>> {
    const marks: Record<string, string[]> = {};
    for (const { chat, mark } of messages) (marks[chat.chat] ??= []).push(mark);
    const counts = { messages: messages.length, unreadable };
    if (c.authorisation.reviewBatches && c.liid) {
      await this.o.files.putSnapshot(c.id, messages);
      return ok({ case: { ...c, liid: { ...c.liid, pending: { marks, isLast } } }, counts, value: 'waits' });
    }
    const made = await this.#sealed(c, messages, [], marks, isLast);
    if (!made.ok) return made;
    const { case: sealed, also, digests, counts: more } = made.value;
    return ok({
      ...{ case: sealed, counts: { ...counts, ...more }, value: isLast ? 'ended' : 'sealed' },
      ...(also && { also }),
      ...(digests && { digests }),
    });
  }

  async #sealed(
    c: HandoverCase,
    messages: readonly FrozenMessage[],
    decisions: readonly ReviewDecision[],
    marks: LiidState['done'],
    isLast: boolean,
  ): Promise<Result<StepDone<HandoverCase>, DeskRefusal>> {
    const { authorities, room, outbox, clock } = this.o;
    const authority = authorities.get(c.authorisation.authority);
    if (!authority || !c.liid) return refused('not-now');
    const made = await room.seal(c, authority, messages, decisions, isLast);
    if (!made.ok) return made;
    const { seals, levels, also } = made.value;
    const entries = seals.map(({ id, bytes }) => ({
      ...{ authority: authority.id, case: c.id, kind: 'document' as const, id, bytes },
    }));
    const queued: readonly RecordWrite[] = outbox.entering(entries, isoTime(clock.wall())).writes;
    const next: HandoverCase = {
      ...c,
      ...{ seals: [...c.seals, ...seals], levels, phase: isLast ? 'sending' : 'running' },
      liid: { ...c.liid, done: withMarks(c.liid.done, marks) },
    };
    return ok({
      ...{ case: next, value: next, also: [...also, ...queued] },
      counts: { documents: seals.length, items: messages.length },
      digests: Object.fromEntries(seals.map(({ digest }, i) => [`document${i}`, digest])),
    });
  }

  #scan(c: HandoverCase): LiveScan {
    const { chats, longestChatMs, settings } = this.o;
    const known = this.#scans.get(c.id);
    if (known) return known;
    const scan = new LiveScan(chats, c.authorisation, { longestChatMs, lookBackMs: settings.lookBackMs });
    this.#scans.set(c.id, scan);
    return scan;
  }
}
