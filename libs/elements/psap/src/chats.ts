import { type Clock, type IdSource, type Logger, isoTime, messageOf } from '@esinet/kernel';
import {
  type PsapSession,
  type SessionEffect,
  messageKind,
  newCallId,
  newPsapSession,
  psapSession,
} from '@esinet/lmpe';
import type { Centre, Centres } from './centre.js';
import { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import { type ChatIndex, isOver } from './chat-index.js';
import type { ChatPost } from './chat-post.js';
import type { ChatSteps } from './chat-steps.js';
import type { PsapConfig } from './config.js';
import type { DeskWatcher } from './desk-watcher.js';
import type { IncomingMessage } from './incoming-message.js';
import { outRecord, replayOf } from './make-record.js';
import { type ChatRecord, chatIdOf } from './message-record.js';
import type { Calls } from './pods/calls.js';
import type { Tenure } from './pods/tenure.js';

/** Chats brought back beside each other: the disk waits for none of them. */
const restoredAtOnce = 16;

export interface ChatsOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly archive: ChatArchive;
  readonly index: ChatIndex;
  readonly post: ChatPost;
  readonly steps: ChatSteps;
  readonly watcher: DeskWatcher;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
}

/** The chats in memory: which one a message belongs to, how one begins and how it comes back from the records. */
export class Chats {
  readonly #opening = new Map<string, Promise<Chat | undefined>>();

  constructor(private readonly o: ChatsOptions) {}

  /**
   * The chat a message belongs to: that of its Call Identifier at this centre and, if there are several, of its
   * sender. A start from somebody else under a known identifier gets a chat of its own, so that both are answered.
   * Without an identifier it is the sender's open chat that we named. Undefined if there is no room for another chat.
   */
  async of(message: IncomingMessage, named: Centre | undefined): Promise<Chat | undefined> {
    const { callId, messageType } = message.identifiers;
    const { index } = this.o;
    const starts = ['start', 'start-redirect'].includes(messageKind(messageType));
    let known: readonly Chat[] =
      callId !== undefined ? index.byCallId(callId) : index.madeUpFor(message.sender);
    if (named) known = known.filter((chat) => chat.centre.id === named.id);
    const own = known.filter((chat) => chat.origin.sender === message.sender);
    const found = own.at(-1) ?? (starts ? undefined : known.at(-1));
    if (found) return found;
    if (!this.#makeRoom()) return undefined;

    const centre = named ?? this.o.centres.default;
    const given = callId ?? newCallId(this.o.ids, this.o.config.element);
    if (callId === undefined) await this.o.calls.own(given);
    const id = chatIdOf(given, centre.id, message.sender);
    return this.#open(id, () => this.#begin(id, given, centre, message, callId === undefined));
  }

  /** By Call Identifier, the newest of several; or by the chat's own identifier. */
  async find(id: string): Promise<ChatRecord | undefined> {
    const named = this.o.index.byCallId(id);
    // Of a chat that went from one centre here to another the one where it is now.
    const known = named.findLast(({ state }) => !isOver(state.phase)) ?? named.at(-1) ?? this.o.index.get(id);
    return known ? known.record() : this.o.archive.find(id);
  }

  /** Whether a chat of that Call Identifier is being talked in at that centre. */
  has(callId: string, centre: string): boolean {
    return this.o.index
      .byCallId(callId)
      .some(({ centre: { id }, state }) => id === centre && ['open', 'transferring'].includes(state.phase));
  }

  /** One that is in memory. */
  get(id: string): Chat | undefined {
    return this.o.index.get(id);
  }

  /** The chat in memory that came by that transfer. */
  takenBy(callId: string, transfer: string): string | undefined {
    return this.o.index.byCallId(callId).find(({ details }) => details.transferIn === transfer)?.id;
  }

  get hasRoom(): boolean {
    return this.o.index.size < this.o.config.limits.chats || this.o.index.spare() !== undefined;
  }

  /** A chat that comes from another centre: the one it was here before, or a new one, not recorded yet. */
  async taken(id: string, callId: string, fresh: () => ChatRecord): Promise<Chat> {
    await this.o.calls.own(callId);
    const known = this.o.index.get(id);
    if (known) return known;
    const opened = await this.#open(id, async () => {
      const before = await this.o.archive.chat(id);
      this.#makeRoom();
      return before ? this.load(before) : this.add(fresh());
    });
    return opened ?? this.add(fresh());
  }

  /** A chat that had to make room comes back when it is asked for. */
  async living(record: ChatRecord): Promise<Chat> {
    const there = this.o.index.get(record.chat);
    if (there) return there;
    await this.o.calls.own(record.callId);
    const chat = this.o.index.get(record.chat);
    return chat ?? (await this.#open(record.chat, () => this.load(record))) ?? this.load(record);
  }

  /** Takes up the chats that were not over when the process ended. Gives their number. */
  async restore(): Promise<number> {
    const { clock, config, index, archive } = this.o;
    let restored = 0;
    const loading = new Set<Promise<unknown>>();
    for await (const record of archive.openSince(isoTime(clock.wall() - config.limits.restoreWithin))) {
      if (index.size + loading.size >= config.limits.chats) break;
      const load = this.load(record)
        .then(
          () => restored++,
          // It comes back when it is spoken in; the others are not kept waiting.
          (error: unknown) => this.o.logger.error('chat not restored', { reason: messageOf(error) }),
        )
        .finally(() => loading.delete(load));
      loading.add(load);
      if (loading.size >= restoredAtOnce) await Promise.race(loading);
    }
    await Promise.all(loading);
    return restored;
  }

  /** What is open of a call that has come to this process. */
  async adopt(key: string): Promise<Chat[]> {
    const found = await this.o.archive.ofCall(key);
    const adopted: Chat[] = [];
    for (const record of found) {
      if (isOver(record.phase) || this.o.index.get(record.chat)) continue;
      this.#makeRoom();
      const chat = await this.#open(record.chat, () => this.load(record));
      if (chat) adopted.push(chat);
    }
    return adopted;
  }

  /** Another process has them. */
  drop(tenure: Tenure): void {
    for (const user of [...tenure.users]) if (user instanceof Chat) this.forget(user);
  }

  forget(chat: Chat): void {
    chat.cancelTimers();
    chat.outbox.close();
    chat.tenure.users.delete(chat);
    this.o.index.remove(chat);
  }

  /** A chat that is over, here at least, stays in memory for a while. */
  moved(chat: Chat): void {
    if (chat.state.phase === 'closed') this.o.watcher.ended(chat);
    if (isOver(chat.state.phase)) this.#forgetLater(chat);
  }

  #forgetLater(chat: Chat): void {
    const timer = this.o.clock.after(this.o.config.limits.closedFor, () => {
      if (isOver(chat.state.phase) && chat.waiting === 0) this.forget(chat);
    });
    chat.timers.get('forget')?.cancel();
    chat.timers.set('forget', timer);
  }

  /** Two may ask for one chat at once. */
  #open(id: string, make: () => Promise<Chat | undefined>): Promise<Chat | undefined> {
    let opening = this.#opening.get(id);
    if (!opening) {
      opening = make().finally(() => this.#opening.delete(id));
      this.#opening.set(id, opening);
    }
    return opening;
  }

  #makeRoom(): boolean {
    if (this.o.index.size < this.o.config.limits.chats) return true;
    const spare = this.o.index.spare();
    if (spare) this.forget(spare);
    return spare !== undefined;
  }

  async #begin(
    id: string,
    callId: string,
    centre: Centre,
    message: IncomingMessage,
    madeUp: boolean,
  ): Promise<Chat | undefined> {
    if (!madeUp) {
      const before = await this.o.archive.chat(id);
      if (before) return this.load(before);
    }
    return this.add({
      version: 1,
      chat: id,
      callId,
      centre: centre.id,
      caller: message.caller ?? message.sender,
      sender: message.sender,
      ...(message.service !== undefined && { service: message.service }),
      test: false,
      startedAt: isoTime(this.o.clock.wall()),
      phase: 'waiting',
      madeUp,
      ...(message.identifiers.incidentId !== undefined && { incident: message.identifiers.incidentId }),
      ...callerDetails(message),
    });
  }

  add(record: ChatRecord): Chat {
    const { config, centres, index, post } = this.o;
    const centre = centres.get(record.centre) ?? { ...centres.default, id: record.centre };
    const { caller, sender, service, test, testAnswer: answer, startedAt, madeUp } = record;
    const state = newPsapSession({
      callId: record.callId,
      caller,
      greeting: centre.greeting,
      ...(answer !== undefined && { testAnswer: answer }),
      timing: { heartbeatMs: config.heartbeat, silenceMs: config.silence, gapMs: config.gap },
      taking: record.phase === 'taking',
    });
    const origin = {
      caller,
      sender,
      test,
      startedAt,
      madeUp,
      ...(service !== undefined && { service }),
      ...(answer !== undefined && { testAnswer: answer }),
    };
    const outbox = post.outbox(() => chat);
    const chat: Chat = new Chat(
      record.chat,
      record.callId,
      centre,
      origin,
      state,
      outbox,
      this.o.calls.tenure(record.callId),
    );
    chat.closedAt = record.closedAt;
    chat.details = detailsOf(record);
    index.add(chat);
    chat.tenure.users.add(chat);
    return chat;
  }

  /** Brings a chat back from its records: identifiers go on, nothing is started a second time. */
  async load(record: ChatRecord): Promise<Chat> {
    const { archive, clock, index, post, steps, watcher } = this.o;
    const messages = await archive.messages(record.chat);
    const chat = this.add(record);
    chat.recorded = true;
    let state: PsapSession = chat.state;
    let unsent: SessionEffect[] = [];
    for (const message of messages) {
      chat.sequence = Math.max(chat.sequence, message.sequence);
      const event = replayOf(message);
      if (!event) continue;
      const [next, effects] = psapSession(state, event);
      state = next;
      if (message.direction === 'out') {
        unsent = unsent.filter((e) => e.type === 'send' && e.messageId !== message.messageId);
      }
      unsent.push(...effects.filter((e) => e.type === 'send' && e.messageId !== undefined));
    }
    state = asRecorded(state, record.phase);
    const [resumed, timers] = psapSession(state, { type: 'resumed' });
    chat.state = resumed;
    index.count(chat);
    await archive.write(
      chat,
      unsent.flatMap((e) => (e.type === 'send' ? [outRecord(chat, clock.wall(), e)] : [])),
    );
    steps.perform(chat, timers);
    for (const message of messages) {
      if (message.direction === 'out' && message.delivery === 'pending') post.post(chat, message);
    }
    for (const effect of unsent) if (effect.type === 'send') post.post(chat, effect);
    watcher.phases(index.counts);
    if (isOver(resumed.phase)) this.#forgetLater(chat);
    return chat;
  }
}

/** What the first message says of its caller. */
function callerDetails(
  message: IncomingMessage,
): Pick<ChatRecord, 'languages' | 'did' | 'accessNetwork' | 'source'> {
  const { languages, accessNetwork, identifiers, source } = message;
  return {
    ...(languages.length > 0 && { languages }),
    ...(identifiers.did !== undefined && { did: identifiers.did }),
    ...(accessNetwork !== undefined && { accessNetwork }),
    ...(source !== undefined && { source }),
  };
}

/**
 * What the other PSAP said of a chat is in no message of it but in its record. Elsewhere the messages say more: what was
 * not answered yet when the process ended may be there without it.
 */
function asRecorded(state: PsapSession, recorded: string): PsapSession {
  const { phase } = state;
  // What the transferee said weighs more than a refusal of our 265.
  const stayed = recorded === 'open' && phase === 'handed-over' && state.redirect === undefined;
  if (stayed) return { ...state, phase: 'open' };
  const left = recorded === 'handed-over' && (phase === 'transferring' || phase === 'open');
  const taken = recorded === 'open' && phase === 'taking';
  const refused = recorded === 'declined' && phase === 'taking';
  if (!left && !taken && !refused) return state;
  return { ...state, phase: recorded, claim: undefined, stall: undefined };
}

function detailsOf(record: ChatRecord): Chat['details'] {
  const { taker, incident, transferredFrom, handedTo, transferIn, transferOut } = record;
  const { languages, did, accessNetwork, source } = record;
  return {
    ...(transferIn !== undefined && { transferIn }),
    ...(transferOut !== undefined && { transferOut }),
    ...(taker !== undefined && { taker }),
    ...(incident !== undefined && { incident }),
    ...(transferredFrom !== undefined && { transferredFrom }),
    ...(handedTo !== undefined && { handedTo }),
    ...(languages && { languages }),
    ...(did !== undefined && { did }),
    ...(accessNetwork !== undefined && { accessNetwork }),
    ...(source !== undefined && { source }),
  };
}
