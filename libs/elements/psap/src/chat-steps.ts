import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import { type PsapEvent, type PsapPhase, type SessionEffect, psapSession } from '@esinet/lmpe';
import type { Chat } from './chat.js';
import type { ChatArchive } from './chat-archive.js';
import type { ChatIndex } from './chat-index.js';
import type { ChatPost } from './chat-post.js';
import type { DeskEvents } from './desk-events.js';
import type { DeskWatcher } from './desk-watcher.js';
import type { IncomingMessage } from './incoming-message.js';
import { inRecord, locationKey, outRecord, tellsSomething } from './make-record.js';
import { type ChatDetails, type MessageRecord, ids, kindOf } from './message-record.js';
import { automaticAnswer } from './script.js';
import { ShownOrder, marksOf } from './shown-order.js';
import { shownMessage } from './shown-message.js';

export interface ChatStepsOptions {
  readonly archive: ChatArchive;
  readonly index: ChatIndex;
  readonly post: ChatPost;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly watcher: DeskWatcher;
  readonly events: DeskEvents;
  /** Whether something by reference in this message is to be fetched now. */
  readonly wantsLook: (chat: Chat, message: IncomingMessage) => boolean;
  readonly look: (chat: Chat, record: MessageRecord, message: IncomingMessage) => void;
  /** After a step is in force. */
  readonly onStep: (chat: Chat, step: DoneStep) => void;
}

/** What belongs to an event beside the event. */
export interface StepInput {
  readonly message?: IncomingMessage;
  /** Makes the record of a message that did not come by SIP. */
  readonly make?: (marks: readonly string[]) => MessageRecord;
  /** The call taker who asked for it. */
  readonly by?: string;
  /** What becomes known of the chat with it. */
  readonly details?: ChatDetails;
}

export interface DoneStep {
  readonly event: PsapEvent;
  readonly before: PsapPhase;
  readonly made: readonly MessageRecord[];
}

/**
 * One step of one chat: the session decides, what it decided is recorded, then it is in force and seen outside. If it
 * cannot be recorded, the session stays as it was.
 */
export class ChatSteps {
  readonly #shown: ShownOrder;
  #closed = false;

  constructor(private readonly o: ChatStepsOptions) {
    this.#shown = new ShownOrder((chat, record) => this.tell(chat, 'message', shownMessage(record)), o);
  }

  close(): void {
    this.#closed = true;
  }

  /** To be run from the queue of the chat. @throws RecordsError */
  async step(chat: Chat, event: PsapEvent, input: StepInput = {}): Promise<MessageRecord[]> {
    const { clock, watcher, archive } = this.o;
    const { message } = input;
    const before = chat.state;
    const [next, effects] = psapSession(before, event);
    const looks = message !== undefined && this.o.wantsLook(chat, message);
    const made = this.#records(chat, effects, input, looks);
    const kept = { closedAt: chat.closedAt, details: chat.details };
    if (next.phase !== before.phase) {
      chat.closedAt = next.phase === 'closed' ? isoTime(clock.wall()) : undefined;
    }
    if (input.details) chat.details = { ...chat.details, ...input.details };
    const changed = next.phase !== before.phase || input.details !== undefined || !chat.recorded;
    try {
      await archive.write(chat, made, changed ? next.phase : undefined);
    } catch (error) {
      Object.assign(chat, kept);
      throw error;
    }
    // What is left to do is done by whoever has the chat now: it is in the records.
    if (this.#closed || chat.tenure.over) return made;
    const fresh = !chat.recorded;
    chat.recorded = true;
    chat.state = next;
    if (fresh) watcher.started(chat);
    if (message) {
      const kind = kindOf(message.identifiers.messageType);
      watcher.message(chat, { direction: 'in', kind, ...ids(message.identifiers) });
      const location = locationKey(message);
      if (location !== '') chat.lastLocation = location;
      chat.outbox.kick();
    }
    if (changed) this.tellChat(chat);
    this.#shown.tell(chat, made, effects);
    this.perform(chat, effects);
    const record = made.find((r) => r.direction === 'in');
    if (looks && record && message) this.o.look(chat, record, message);
    if (before.phase === 'open') this.#answer(chat, effects);
    this.o.onStep(chat, { event, before: before.phase, made });
    return made;
  }

  perform(chat: Chat, effects: readonly SessionEffect[]): void {
    const { clock, index, post, watcher } = this.o;
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          post.post(chat, effect);
          break;
        case 'set-timer': {
          const { timer, ms } = effect;
          // Those are the APP's.
          if (timer === 'early' || timer === 'stall') break;
          chat.timers.get(timer)?.cancel();
          chat.timers.set(
            timer,
            clock.after(ms, () => this.run(chat, { type: 'timer', timer }, 'chat timer failed')),
          );
          break;
        }
        case 'cancel-timer':
          chat.timers.get(effect.timer)?.cancel();
          chat.timers.delete(effect.timer);
          break;
        case 'phase':
          index.count(chat);
          watcher.phases(index.counts);
          break;
        case 'note':
          watcher.note(chat, effect.note);
          if (effect.note !== 'duplicate') this.tell(chat, 'note', { note: effect.note });
          break;
        case 'record':
        case 'show':
        case 'answer':
          break;
      }
    }
  }

  /** A step nobody waits for. */
  run(chat: Chat, event: PsapEvent, failure: string): void {
    if (this.#closed || chat.tenure.over) return;
    chat
      .enqueue(() => this.step(chat, event))
      .catch((error: unknown) => this.o.logger.error(failure, { reason: messageOf(error) }));
  }

  /** A message, or one of which more is known than when it was told first. */
  tellMessage(chat: Chat, record: MessageRecord): void {
    this.tell(chat, 'message', shownMessage(record));
  }

  tellChat(chat: Chat): void {
    this.tell(chat, 'chat', chat.record());
  }

  /** Of test calls no call taker hears (TS 103 698 6.1.2.10). */
  tell(chat: Chat, type: 'chat' | 'message' | 'note', data: object): void {
    if (chat.origin.test) return;
    this.o.events.tell({ type, chat: chat.id, callId: chat.callId, centre: chat.centre.id, data });
  }

  #records(
    chat: Chat,
    effects: readonly SessionEffect[],
    { message, make, by }: StepInput,
    looks: boolean,
  ): MessageRecord[] {
    const now = this.o.clock.wall();
    const made: MessageRecord[] = [];
    for (const effect of effects) {
      if (effect.type !== 'record') continue;
      if (effect.direction === 'out') {
        const sent = effects.find((e) => e.type === 'send' && e.messageId === effect.messageId);
        made.push(outRecord(chat, now, { ...effect, ...(sent?.type === 'send' && sent) }, by));
      } else if (make) {
        made.push(make(marksOf(effects)));
      } else if (message && (looks || tellsSomething(chat, message))) {
        made.push(inRecord(chat, now, message, marksOf(effects)));
      }
    }
    return made;
  }

  /** As long as no call taker has the chat: nobody wants to be talked over. */
  #answer(chat: Chat, effects: readonly SessionEffect[]): void {
    if (chat.details.taker !== undefined) return;
    for (const effect of effects) {
      const text =
        effect.type === 'show' ? automaticAnswer(chat.centre, effect.kind, effect.text) : undefined;
      if (text === undefined || chat.outbox.waiting >= busyOutbox) continue;
      this.run(chat, { type: 'say', text }, 'automatic answer failed');
    }
  }
}

/** Automatic answers stop while so many messages wait: whoever floods a chat is not answered one by one. */
const busyOutbox = 20;
