import { type Clock, type Logger, type Result, type Timer, isoTime, messageOf, ok } from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import type { Desk, DeskEvent } from '../desk.js';
import { type ChatRecord, isChatRecord } from '../message-record.js';
import { type Assigned, Assignments } from './assignments.js';
import type { TakersConfig } from './config.js';
import {
  type ChatFacts,
  type QueueEffect,
  type QueueEvent,
  type QueueRefusal,
  type QueueState,
  type QueuedChat,
  type Taker,
  attended,
  newQueue,
  queue,
} from './queue.js';
import type { QueueMetrics } from './queue-metrics.js';
import { keepTaker, signedOn } from './taker-record.js';
import { type TakerRefusal, notStored, refusalOf, refused } from './taker-refusal.js';
import { type TakerView, type WaitingChat, queueLine, takerView, waitingChats } from './taker-view.js';
import { Unanswered, unansweredIn } from './unanswered.js';

/** Somebody signed on or off at one process. */
export interface TakerNotice {
  readonly taker: Taker;
  readonly signedOn: boolean;
}

/** The other processes that have chats of the same centres. */
export interface OtherDesks {
  /** Open chats that are not here. */
  readonly chats: () => Promise<ChatRecord[]>;
  readonly tell: (notice: TakerNotice) => void;
  readonly hear: (listener: (notice: TakerNotice) => void) => () => void;
}

export interface TakerDeskOptions {
  readonly desk: Pick<Desk, 'assign' | 'find' | 'has' | 'messages' | 'present' | 'watch'>;
  /** Undefined where there are none. */
  readonly others?: OtherDesks | undefined;
  /** Tells those who look on. */
  readonly tell: (event: Omit<DeskEvent, 'id' | 'at'>) => void;
  readonly records: Records;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: QueueMetrics;
  readonly config: TakersConfig;
  /** Chats the queue keeps; as many as fit in memory. */
  readonly chats: number;
}

/** Times of `takers.refresh` until what is known of the chats of others is read anew: an event may have been lost. */
const relookEvery = 12;

/** Longest time between a change of the queue and its metrics. */
const measureAfterMs = 100;

/** Who answers which chat. What was told to a call taker is recorded before; the rest is found again at start. */
export class TakerDesk {
  #state: QueueState;
  readonly #unanswered = new Unanswered();
  readonly #assignments: Assignments;
  readonly #unwatch: () => void;
  readonly #unhear: () => void;
  #refreshed = 0;
  #timer: Timer | undefined;
  #measuring: Timer | undefined;
  /** A chat did not fit: looked for again when there is room. */
  #missed = false;
  #ready = false;
  #closed = false;

  constructor(private readonly o: TakerDeskOptions) {
    this.#state = newQueue(o.config.assign);
    this.#assignments = new Assignments({
      ...o,
      onFailure: (chat, taker) => {
        this.#step({ type: 'not-assigned', taker, chat, at: o.clock.wall() });
        // Somebody may have been quicker at another process.
        if (o.others) void this.#relook(chat);
      },
    });
    this.#unwatch = o.desk.watch((event) => this.#heard(event));
    this.#unhear = o.others?.hear((notice) => this.#noticed(notice)) ?? (() => undefined);
  }

  /** Takes up who was signed on and what was open when the process ended. */
  async restore(): Promise<void> {
    try {
      for (const taker of await signedOn(this.o.records)) {
        this.#step({ type: 'sign-on', taker, at: this.o.clock.wall() });
      }
    } catch (error) {
      this.o.logger.error('call takers not restored', { reason: messageOf(error) });
    }
    // Whose chat it is can only be told once it is known who is there.
    this.#ready = true;
    const found = this.#look();
    try {
      for (const record of (await this.o.others?.chats()) ?? []) this.#chat(record, true);
    } catch (error) {
      this.o.logger.error('chats of others not known', { reason: messageOf(error) });
    }
    this.#refresh();
    // Nobody waits for the ages of old chats.
    void this.#lookBackAll(found);
  }

  close(): void {
    this.#closed = true;
    this.#unwatch();
    this.#unhear();
    this.#timer?.cancel();
    this.#measuring?.cancel();
  }

  /** Also changes what was said before. */
  async signOn(
    id: string,
    o: {
      readonly name: string;
      readonly centres?: readonly string[] | undefined;
      readonly seats?: number | undefined;
    },
  ): Promise<Result<TakerView, TakerRefusal>> {
    const { clock, config } = this.o;
    const before = this.#state.takers.get(id);
    if (!before && this.#state.takers.size >= config.signedOn) {
      return refused('too-many-takers', `at most ${config.signedOn} call takers are signed on`);
    }
    const taker: Taker = {
      taker: id,
      name: o.name,
      seats: o.seats ?? config.seats,
      signedOnAt: before?.signedOnAt ?? clock.wall(),
      ...(o.centres && { centres: [...new Set(o.centres)] }),
    };
    if (!(await this.#kept(taker, true))) return notStored();
    this.#step({ type: 'sign-on', taker, at: clock.wall() });
    this.o.others?.tell({ taker, signedOn: true });
    return ok(this.#view(taker));
  }

  /** What the call taker had waits again. */
  async signOff(id: string): Promise<Result<true, TakerRefusal>> {
    const taker = this.#state.takers.get(id);
    if (!taker) return refused('not-found', 'no call taker of this name is signed on');
    if (!(await this.#kept(taker, false))) return notStored();
    const { assigned } = this.#step({ type: 'sign-off', taker: id, at: this.o.clock.wall() });
    this.o.others?.tell({ taker, signedOn: false });
    await Promise.all(assigned.values());
    return ok(true);
  }

  /** Without a chat the next one in line. */
  async accept(taker: string, id?: string): Promise<Result<ChatRecord, TakerRefusal>> {
    const at = this.o.clock.wall();
    const named = id === undefined ? undefined : await this.o.desk.find(id);
    if (id !== undefined && !named) return refused('not-found', 'there is no such chat');
    const { refusal, assigned } = this.#step({
      type: 'accept',
      taker,
      at,
      ...(named && { chat: named.chat }),
    });
    if (refusal) return refused(refusal);
    const [done] = assigned.values();
    // Nothing to record: the call taker has it already.
    const result = (await done) ?? (named && ok({ ...named, taker }));
    if (!result) return refused('queue-empty');
    if (!result.ok && result.error.code === 'taken') return refused('taken');
    return result.ok ? result : notStored();
  }

  async release(taker: string, id: string): Promise<Result<ChatRecord, TakerRefusal>> {
    const named = await this.o.desk.find(id);
    if (!named) return refused('not-found', 'there is no such chat');
    const at = this.o.clock.wall();
    const { refusal, assigned } = this.#step({ type: 'release', taker, chat: named.chat, at });
    if (refusal) return refused(refusal);
    const result = await assigned.get(named.chat);
    return result && !result.ok ? notStored() : ok(result?.ok ? result.value : named);
  }

  /**
   * Whether somebody may act in a chat: whoever has it; anybody while nobody is signed on for its centre. A chat that
   * is over (a call-back) belongs to nobody.
   */
  maySpeak(chat: ChatRecord, by: string | undefined): TakerRefusal | undefined {
    if (!attended(this.#state, chat.centre)) return undefined;
    const known = this.#state.chats.get(chat.chat);
    if (by === undefined) {
      return { code: 'no-speaker', message: 'call takers are signed on: say who speaks, in X-Taker or "by"' };
    }
    if (!this.#state.takers.has(by)) return refusalOf('not-signed-on');
    if (!known || known.taker === by) return undefined;
    return known.taker === undefined
      ? { code: 'not-yours', message: 'accept the chat first' }
      : refusalOf('taken');
  }

  /** Whether a call taker is signed on for a centre. */
  attended(centre: string): boolean {
    return attended(this.#state, centre);
  }

  /** A person has said something. */
  answered(chat: string): void {
    this.#unanswered.answered(chat);
  }

  takers(): TakerView[] {
    return [...this.#state.takers.values()].map((taker) => this.#view(taker));
  }

  taker(id: string): TakerView | undefined {
    const taker = this.#state.takers.get(id);
    return taker && this.#view(taker);
  }

  /** In their turn. */
  waiting(centre?: string): WaitingChat[] {
    return waitingChats(this.#state, this.#unanswered, centre);
  }

  unansweredSince(chat: string): string | undefined {
    const since = this.#unanswered.since(chat);
    return since === undefined ? undefined : isoTime(since);
  }

  #view(taker: Taker): TakerView {
    return takerView(this.#state, taker, this.#unanswered);
  }

  #heard(event: DeskEvent): void {
    if (event.chat === undefined) return;
    const remote = event.pod !== undefined;
    if (event.type === 'chat' && isChatRecord(event.data)) this.#chat(event.data, remote);
    if (event.type !== 'message') return;
    if (remote && this.#ready && !this.#state.chats.has(event.chat)) void this.#relook(event.chat);
    this.#message(event.chat, event.data);
  }

  #noticed({ taker, signedOn: on }: TakerNotice): void {
    const at = this.o.clock.wall();
    if (on) this.#step({ type: 'sign-on', taker, at });
    else this.#step({ type: 'sign-off', taker: taker.taker, elsewhere: true, at });
  }

  /** What the records have of a chat that another process may have. */
  async #relook(chat: string): Promise<void> {
    try {
      const record = await this.o.desk.find(chat);
      if (record && !this.#closed) this.#chat(record, !this.o.desk.has(chat));
    } catch (error) {
      this.o.logger.warn('chat of another process not known', { reason: messageOf(error) });
    }
  }

  async #relookAll(): Promise<void> {
    for (const { chat, remote } of [...this.#state.chats.values()]) if (remote) await this.#relook(chat);
  }

  #chat(record: ChatRecord, remote = false): void {
    if (!this.#ready) return;
    const known = this.#state.chats.get(record.chat);
    if (!known && this.#state.chats.size >= this.o.chats) {
      if (!this.#missed) this.o.logger.warn('queue is full', { chats: this.o.chats });
      this.#missed = true;
      return;
    }
    const facts = factsOf(record);
    // Of what is being recorded here this process knows more than the event.
    const sure = this.o.others !== undefined && !this.#assignments.busy(record.chat);
    this.#step({
      type: 'chat',
      facts: { ...facts, ...(sure && { sure }), ...(remote && { remote }) },
      at: this.o.clock.wall(),
    });
    const now = this.#state.chats.get(record.chat);
    if (!now) this.#unanswered.answered(record.chat);
    // Came with its past: what is unanswered stands there.
    else if (!known && now.transferred) void this.#lookBack(now);
  }

  #message(chat: string, data: object): void {
    const { direction, text, by } = data as { direction?: unknown; text?: unknown; by?: unknown };
    if (direction === 'in' && typeof text === 'string' && text !== '') {
      this.#unanswered.asked(chat, this.o.clock.wall());
    }
    if (direction === 'out' && typeof by === 'string') this.#unanswered.answered(chat);
  }

  #step(event: QueueEvent): {
    refusal?: QueueRefusal;
    assigned: Map<string, Assigned>;
  } {
    const before = this.#state;
    const [next, effects] = queue(before, event);
    this.#state = next;
    const assigned = new Map<string, Assigned>();
    let refusal: QueueRefusal | undefined;
    for (const effect of effects) {
      if (effect.type === 'refuse') refusal = effect.code;
      if (effect.type !== 'assign') continue;
      const c = next.chats.get(effect.chat);
      if (c && effect.taker !== undefined) this.#accepted(c);
      assigned.set(effect.chat, this.#assignments.record(effect.chat, effect.taker));
    }
    this.#show(before, effects);
    return { assigned, ...(refusal !== undefined && { refusal }) };
  }

  #accepted(c: QueuedChat): void {
    this.o.metrics.accepted(c.centre, Math.max(0, this.o.clock.wall() - c.waitingSince));
  }

  /** What changed is told and counted. */
  #show(before: QueueState, effects: readonly QueueEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'queue-changed') {
        this.o.tell({ type: 'queue', centre: effect.centre, data: queueLine(this.#state, effect.centre) });
      }
      if (effect.type === 'taker-changed') {
        const taker = this.#state.takers.get(effect.taker);
        const gone = before.takers.get(effect.taker);
        if (taker) this.o.tell({ type: 'taker', data: { ...this.#view(taker), signedOn: true } });
        else if (gone) this.o.tell({ type: 'taker', data: { ...this.#view(gone), signedOn: false } });
      }
    }
    if (effects.length > 0) this.#measureSoon();
  }

  async #kept(taker: Taker, on: boolean): Promise<boolean> {
    try {
      await keepTaker(this.o.records, taker, on);
      return true;
    } catch (error) {
      this.o.logger.error('call taker not recorded', { reason: messageOf(error) });
      return false;
    }
  }

  /** The chats that are there. Gives those that are new to the queue. */
  #look(): QueuedChat[] {
    this.#missed = false;
    const before = this.#state.chats;
    for (const record of this.o.desk.present()) this.#chat(record);
    return [...this.#state.chats.values()].filter((c) => !before.has(c.chat) && !c.transferred);
  }

  async #lookBackAll(chats: readonly QueuedChat[]): Promise<void> {
    for (const chat of chats) await this.#lookBack(chat);
  }

  async #lookBack(c: QueuedChat): Promise<void> {
    if (this.#closed) return;
    try {
      const since = unansweredIn(await this.o.desk.messages(c.chat));
      if (since !== undefined && this.#state.chats.has(c.chat)) this.#unanswered.asked(c.chat, since);
    } catch (error) {
      this.o.logger.warn('age of a chat not known', { callId: c.callId, reason: messageOf(error) });
    }
  }

  #refresh(): void {
    if (this.#closed) return;
    this.#unanswered.keep(this.#state.chats);
    this.#measure();
    if (this.o.others && ++this.#refreshed % relookEvery === 0) void this.#relookAll();
    if (this.#missed && this.#state.chats.size < this.o.chats) this.#look();
    this.#timer = this.o.clock.after(this.o.config.refresh, () => this.#refresh());
  }

  /** Many changes at once are counted once. */
  #measureSoon(): void {
    this.#measuring ??= this.o.clock.after(measureAfterMs, () => this.#measure());
  }

  #measure(): void {
    this.#measuring?.cancel();
    this.#measuring = undefined;
    this.o.metrics.measure(this.#state, this.#unanswered, this.o.clock.wall());
  }
}

function factsOf(record: ChatRecord): ChatFacts {
  const { chat, callId, centre, phase, test, startedAt, taker, transferredFrom } = record;
  return {
    chat,
    callId,
    centre,
    phase,
    test,
    startedAt: Date.parse(startedAt),
    transferred: transferredFrom !== undefined,
    taker,
  };
}
