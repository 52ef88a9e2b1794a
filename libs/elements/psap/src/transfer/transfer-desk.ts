import {
  type TransferHandler,
  type TransferPeer,
  covers,
  isTransfereeActive,
  isTransferorActive,
} from '@esinet/chat-transfer';
import {
  type Clock,
  type IdSource,
  type Logger,
  type Result,
  err,
  isoTime,
  messageOf,
  ok,
} from '@esinet/kernel';
import { type Limits, type Records, isSipUri } from '@esinet/platform';
import { agreementFor } from '../agreement.js';
import type { Centre, Centres } from '../centre.js';
import type { Chat } from '../chat.js';
import type { ChatArchive } from '../chat-archive.js';
import type { ChatPost } from '../chat-post.js';
import type { ChatSteps, DoneStep } from '../chat-steps.js';
import type { Chats } from '../chats.js';
import type { PsapConfig } from '../config.js';
import type { DeskRefusal, TransferView } from '../desk.js';
import type { DeskEvents } from '../desk-events.js';
import type { DeskWatcher } from '../desk-watcher.js';
import type { Calls } from '../pods/calls.js';
import { callKey } from '../pods/call-key.js';
import { type Tenure, isFenced } from '../pods/tenure.js';
import { HistoryImport } from './history-import.js';
import { IncomingTransfers } from './incoming-transfers.js';
import { OutgoingTransfers } from './outgoing-transfers.js';
import { TransferArchive } from './transfer-archive.js';
import { TransferPeers } from './transfer-peers.js';
import type { Coming } from './transferee-chat.js';
import type { Going } from './transferor-chat.js';
import { type TransferRecord, viewOf } from './transfer-record.js';

export interface TransferDeskOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly records: Records;
  readonly chats: Chats;
  readonly messages: ChatArchive;
  readonly steps: ChatSteps;
  readonly post: ChatPost;
  readonly events: DeskEvents;
  readonly watcher: DeskWatcher;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly limits?: Pick<Limits, 'body' | 'xml'>;
  /** How PSAPs elsewhere are asked; without it there are none. */
  readonly client: TransferPeer | undefined;
}

/** Chats that go to other PSAPs and come from them (TS 103 698 6.2.6, 6.2.7, 6.3). */
export class TransferDesk {
  readonly #archive: TransferArchive;
  readonly #peers: TransferPeers;
  readonly #out: OutgoingTransfers;
  readonly #in: IncomingTransfers;
  /** The latest, the oldest first. */
  readonly #latest = new Map<string, TransferRecord>();
  /** Of other processes, as they were told last. */
  readonly #elsewhere = new Map<string, { readonly centre: string; readonly view: TransferView }>();
  /** Keys of calls whose transfers are looked for next. */
  readonly #adopting = new Set<string>();
  #looking: Promise<void> = Promise.resolve();
  #staffed: (centre: string) => boolean = () => false;

  constructor(private readonly o: TransferDeskOptions) {
    const { config, records, logger } = o;
    const archive = new TransferArchive(records);
    this.#archive = archive;
    this.#peers = new TransferPeers({
      client: o.client,
      handler: () => this.#in,
      domains: [config.domain, config.publicDomain],
      logger,
    });
    this.#out = new OutgoingTransfers({
      ...o,
      archive,
      peers: this.#peers,
      agreed: (centre, to) => this.#agreed(centre, to, 'transfer'),
      onChange: (record, before) => this.#changed(record, before),
    });
    this.#in = new IncomingTransfers({
      ...o,
      archive,
      imports: new HistoryImport(o),
      asks: (centre) => centre.accept === 'ask' || (centre.accept === 'staffed' && this.#staffed(centre.id)),
      onChange: (record, before) => this.#changed(record, before),
    });
  }

  /** What answers other PSAPs. */
  get handler(): TransferHandler {
    return this.#in;
  }

  /** Who knows whether a call taker is signed on at a centre. */
  staffedBy(staffed: (centre: string) => boolean): void {
    this.#staffed = staffed;
  }

  /** Resolves when the other side has agreed or refused. @throws RecordsError */
  async transfer(
    chat: Chat,
    o: { readonly to: string; readonly reason?: string; readonly text?: string; readonly by?: string },
  ): Promise<Result<TransferView, DeskRefusal>> {
    const target = this.#target(chat, o.to, 'transfer');
    if (!target.ok) return target;
    if (this.#out.isBusy(chat)) return err({ code: 'busy', message: 'the chat is being transferred' });
    if (chat.state.phase !== 'open') {
      return err({ code: 'not-open', message: `the chat is ${chat.state.phase}` });
    }
    const record = await this.#out.begin(chat, { ...o, to: target.value.publicUri });
    if (record.state.phase !== 'failed') return ok(viewOf(record));
    return err({ code: 'refused', message: `the other side did not agree: ${record.state.reason ?? ''}` });
  }

  /** The URI that a redirect is to name, or why it may not. */
  redirectTarget(chat: Chat, to: string): Result<string, DeskRefusal> {
    const target = this.#target(chat, to, 'redirect');
    if (!target.ok) return target;
    if (this.#out.isBusy(chat)) return err({ code: 'busy', message: 'the chat is being transferred' });
    return ok(target.value.uri);
  }

  decide(
    transfer: string,
    accept: boolean,
    by: string | undefined,
  ): Promise<Result<TransferView, DeskRefusal>> {
    return this.#in
      .decide(transfer, accept, by)
      .then((record) =>
        record
          ? ok(viewOf(record))
          : err({ code: 'not-found', message: 'no such transfer waits for an answer' }),
      );
  }

  list(centre?: string): TransferView[] {
    const here = [...this.#latest.values()].map((record) => ({
      centre: record.centre,
      view: viewOf(record),
    }));
    const all = [...this.#elsewhere.values()].filter(({ view }) => !this.#latest.has(view.transfer));
    return [...all, ...here]
      .filter((each) => centre === undefined || each.centre === centre)
      .map(({ view }) => view)
      .sort((a, b) => (a.transfer < b.transfer ? 1 : -1));
  }

  stepped(chat: Chat, step: DoneStep): void {
    this.#out.stepped(chat, step);
    this.#in.stepped(chat, step);
  }

  outcome(chat: Chat, messageType: number, messageId: number, status: number): void {
    this.#out.outcome(chat, messageType, messageId, status);
    this.#in.outcome(chat, messageType, messageId, status);
  }

  /** Whether a refused 265 of that chat is for the transferor's machine to judge. */
  claims(chat: Chat): boolean {
    return this.#out.claims(chat);
  }

  /** Goes on with what was under way when the process ended. After the chats are back. */
  async restore(): Promise<void> {
    const { config, clock, logger } = this.o;
    const since = isoTime(clock.wall() - config.limits.restoreWithin);
    const found: TransferRecord[] = [];
    for await (const record of this.#archive.since(since)) {
      if (found.length < config.transfer.remembered || isActive(record)) found.push(record);
    }
    for (const record of found.reverse()) this.#latest.set(record.transfer, record);
    for (const record of found) {
      try {
        await this.#goOn(record);
      } catch (error) {
        logger.error('transfer not restored', { reason: messageOf(error) });
      }
    }
  }

  /** Goes on with the transfers of calls that have come to this process. @throws RecordsError */
  adopt(key: string): Promise<void> {
    this.#adopting.add(key);
    // One look through the records serves all calls that come while the one before it is under way.
    const look = this.#looking.then(() => this.#adoptAll());
    this.#looking = look.catch(() => undefined);
    return look;
  }

  async #adoptAll(): Promise<void> {
    if (this.#adopting.size === 0) return;
    const { config, clock } = this.o;
    const keys = new Set(this.#adopting);
    this.#adopting.clear();
    const found: TransferRecord[] = [];
    for await (const record of this.#archive.since(isoTime(clock.wall() - config.limits.restoreWithin))) {
      if (keys.has(callKey(record.state.callId))) found.push(record);
    }
    for (const record of found.reverse()) {
      if (this.#out.get(record.transfer) ?? this.#in.get(record.transfer)) continue;
      this.#latest.set(record.transfer, record);
      try {
        await this.#goOn(record);
      } catch (error) {
        if (!isFenced(error)) throw error;
      }
    }
  }

  #goOn(record: TransferRecord): Promise<void> {
    return record.role === 'out' ? this.#out.restore(record) : this.#in.restore(record);
  }

  /** Another process has the call. */
  drop(tenure: Tenure): void {
    for (const user of [...tenure.users]) {
      if (!('record' in user)) continue;
      const { record } = user as Going | Coming;
      this.#out.forget(record.transfer);
      this.#in.forget(record.transfer);
      this.#latest.delete(record.transfer);
      this.told(record.centre, viewOf(record));
    }
  }

  /** What another process says of a transfer of its own. */
  told(centre: string, view: TransferView): void {
    this.#elsewhere.delete(view.transfer);
    this.#elsewhere.set(view.transfer, { centre, view });
    if (this.#elsewhere.size <= this.o.config.transfer.remembered) return;
    for (const oldest of this.#elsewhere.keys()) return void this.#elsewhere.delete(oldest);
  }

  /** Those that are kept, as call takers see them: for a process that has to learn of the others'. */
  async learn(): Promise<void> {
    const { config, clock } = this.o;
    const found: TransferRecord[] = [];
    for await (const record of this.#archive.since(isoTime(clock.wall() - config.limits.restoreWithin))) {
      if (found.push(record) >= config.transfer.remembered) break;
    }
    for (const record of found.reverse()) this.told(record.centre, viewOf(record));
  }

  /** Of which call a transfer is. @throws RecordsError */
  async callOf(transfer: string): Promise<string | undefined> {
    const known = this.#latest.get(transfer) ?? (await this.#archive.get(transfer));
    return known?.state.callId;
  }

  close(): void {
    this.#out.close();
    this.#in.close();
  }

  #target(
    chat: Chat,
    to: string,
    wish: 'transfer' | 'redirect',
  ): Result<Pick<Centre, 'uri' | 'publicUri'>, DeskRefusal> {
    if (!isSipUri(to)) return err({ code: 'bad-target', message: 'a target is a SIP URI' });
    const own = this.#own(to);
    if (own?.id === chat.centre.id) return err({ code: 'bad-target', message: 'the chat is there' });
    if (!this.#agreed(chat.centre.id, to, wish)) {
      return err({ code: 'no-agreement', message: `there is no agreement to ${wish} chats to ${to}` });
    }
    const there = this.o.centres.at(to)?.publicUri ?? to;
    return ok(own ?? { uri: there, publicUri: there });
  }

  #agreed(centre: string, to: string, wish: 'transfer' | 'redirect') {
    const { agreements, ownCentres } = this.o.config.transfer;
    if (ownCentres && this.#own(to)) return this.#peers.own;
    return agreementFor(agreements, centre, this.o.centres.at(to)?.publicUri ?? to, wish);
  }

  /** A centre that is ours only because any name is gives way to an agreement with somebody of that name. */
  #own(to: string): Centre | undefined {
    const { centres, config } = this.o;
    const centre = centres.at(to);
    if (!centre || centres.lists(centre.id)) return centre;
    const { agreements } = config.transfer;
    return agreements.some((agreement) => covers(agreement, centre.publicUri)) ? undefined : centre;
  }

  #changed(record: TransferRecord, before: string | undefined): void {
    const { events, watcher, config } = this.o;
    this.#latest.set(record.transfer, record);
    if (this.#latest.size > config.transfer.remembered) this.#forgetOne();
    const { role, centre, chat, state } = record;
    const { callId } = state;
    events.tell({
      type: 'transfer',
      ...(chat !== undefined && { chat }),
      callId,
      centre,
      data: viewOf(record),
    });
    if (before === undefined || !outcomes.has(state.phase)) return;
    watcher.transfer(
      role,
      state.phase === 'failed' ? (state.reason ?? 'failed') : state.phase,
      centre,
      callId,
    );
  }

  /** The oldest that has nothing left to do. */
  #forgetOne(): void {
    for (const [transfer, record] of this.#latest) {
      if (isActive(record)) continue;
      this.#latest.delete(transfer);
      this.#out.forget(transfer);
      this.#in.forget(transfer);
      return;
    }
  }
}

/** How a transfer ends. */
const outcomes: ReadonlySet<string> = new Set(['done', 'failed', 'owned', 'declined', 'expired']);

function isActive(record: TransferRecord): boolean {
  return record.role === 'out' ? isTransferorActive(record.state) : isTransfereeActive(record.state);
}
