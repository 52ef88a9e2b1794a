import type { ReceivedMessage } from '../arrivals.js';
import { isKeepAlive, messageKind } from '../message-type.js';
import { type OutgoingMessage, outgoingOf } from '../outgoing-message.js';
import { type PsapEvent, type PsapSession, newPsapSession, psapSession } from '../psap-session.js';
import type { SessionEffect } from '../session-effect.js';
import { ana, callId } from './model-app.js';
import { Mail, type Network, type Send, receivedOf } from './world.js';

/** What survives a kill. */
interface Entry {
  readonly event: ReceivedMessage | Send;
  /** Final status, if it was written down in time. */
  status?: number;
}

interface Execution {
  readonly messageId: number;
  readonly history: readonly ReceivedMessage[];
}

/** What the transferor remembers of its transfer. */
interface Transfer {
  stage: 'stalling' | 'executing' | 'done';
  readonly messageId: number;
  readonly startedAt: number;
}

const stallMs = 5_000;
const expiryMs = 20_000;

/** A call taker's end with a disk, which may be killed and come back. What it decides about transfers is R1 to R6. */
export class ModelPsap {
  state: PsapSession | undefined;
  peer!: ModelPsap;
  up = true;
  readonly shown = new Map<string, number>();
  readonly ids: string[] = [];
  readonly #log: Entry[] = [];
  #transfer: Transfer | undefined;
  readonly #asked = new Map<number, { status?: number; expired: boolean }>();
  /** What came after the 266. */
  readonly #since = new Set<ReceivedMessage>();
  #mail!: Mail;
  #life = 0;
  #timers = new Map<string, () => void>();

  constructor(
    readonly uri: string,
    private readonly network: Network,
  ) {
    this.#begin();
    network.listen(uri, (m) => (this.up ? this.#take(m) : undefined));
  }

  get log(): readonly Entry[] {
    return this.#log;
  }

  /** Texts of the caller that are on this disk. */
  recorded(): Set<string> {
    const texts = this.#log.flatMap(({ event }) =>
      event.type === 'received' && event.text !== undefined
        ? [`${event.messageId ?? '-'} ${event.text}`]
        : [],
    );
    return new Set(texts);
  }

  kill(): void {
    this.up = false;
    this.#life++;
    this.#mail.close();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  /** Everything is made anew from the disk. */
  wake(): void {
    this.up = true;
    this.#begin();
    const first = this.#log[0];
    this.state = undefined;
    if (!first) return;
    const taking = first.event.type === 'send' || first.event.imported === true;
    let state = this.#fresh(taking);
    for (const entry of this.#log) state = psapSession(state, replay(entry))[0];
    if (this.#transfer?.stage === 'done') {
      state = psapSession(state, { type: 'handed-over', messageId: this.#transfer.messageId })[0];
    }
    this.state = state;
    this.apply({ type: 'resumed' });
    for (const entry of this.#log) {
      if (entry.event.type === 'send' && entry.status === undefined) this.#mail.push(outgoingOf(entry.event));
    }
    if (this.#transfer?.stage === 'stalling') this.#awaitStall(this.#transfer);
    if (this.#transfer?.stage === 'executing') this.#execute(this.#transfer);
    this.#keepPassing();
  }

  begin(taking: boolean): void {
    this.state ??= this.#fresh(taking);
  }

  transfer(): void {
    if (!this.up || this.state?.phase !== 'open' || this.#busy()) return;
    const messageId = Math.max(1, this.state.lastSent);
    this.#transfer = { stage: 'stalling', messageId, startedAt: this.network.agenda.now };
    this.#since.clear();
    this.apply({ type: 'transfer', text: 'wait' });
    this.#awaitStall(this.#transfer);
  }

  #busy(): boolean {
    return this.state?.claim !== undefined;
  }

  apply(event: PsapEvent): readonly SessionEffect[] {
    this.begin(false);
    if (!this.state) return [];
    const [next, effects] = psapSession(this.state, event);
    this.state = this.network.random.chance(0.02) ? (JSON.parse(JSON.stringify(next)) as PsapSession) : next;
    this.network.trace(this.uri, event, next.phase);
    for (const effect of effects) this.#perform(effect, event, effects);
    return effects;
  }

  #perform(effect: SessionEffect, event: PsapEvent, all: readonly SessionEffect[]): void {
    switch (effect.type) {
      case 'record':
        if (effect.direction === 'in' && event.type === 'received') {
          if (!isKeepAlive(messageKind(event.messageType))) this.#log.push({ event });
        } else {
          const send = all.find((e): e is Send => e.type === 'send' && e.messageId === effect.messageId);
          if (send) this.#log.push({ event: send });
          this.ids.push(`${effect.messageId ?? '-'}/${effect.messageType ?? '-'}`);
        }
        break;
      case 'send':
        this.#mail.push(outgoingOf(effect));
        break;
      case 'show': {
        if (event.type === 'resumed') break;
        const key = `${effect.sender} ${effect.messageId ?? '-'} ${effect.text}`;
        this.shown.set(key, (this.shown.get(key) ?? 0) + 1);
        break;
      }
      case 'set-timer': {
        const { timer, ms } = effect;
        this.#timer(timer, ms, () => this.apply({ type: 'timer', timer }));
        break;
      }
      case 'cancel-timer':
        this.#timers.get(effect.timer)?.();
        break;
      case 'note':
        if (effect.note === 'stalled' && this.#transfer?.stage === 'stalling') {
          this.#transfer.stage = 'executing';
          this.#execute(this.#transfer);
        }
        break;
      case 'phase':
        this.#keepPassing();
        break;
      default:
        break;
    }
  }

  #take(m: ReceivedMessage): number {
    this.apply(m);
    if (m.text !== undefined) this.#since.add({ ...m, imported: true });
    this.#keepPassing();
    return 200;
  }

  /** R1: nothing is asked of the transferee before the APP waits for it. */
  #awaitStall(transfer: Transfer): void {
    this.#later(stallMs, () => {
      if (transfer.stage !== 'stalling') return;
      transfer.stage = 'done';
      if (this.#transfer !== transfer) return;
      this.#transfer = undefined;
      this.apply({ type: 'reactivate', text: 'back' });
    });
  }

  /** R4: asked until it is answered; at expiry the chat is claimed back, whatever became of the question. */
  #execute(transfer: Transfer): void {
    const request: Execution = { messageId: transfer.messageId, history: this.#history() };
    const life = this.#life;
    const left = transfer.startedAt + expiryMs - this.network.agenda.now;
    const ended = (status: number): void => {
      if (life !== this.#life || transfer.stage === 'done') return;
      if (status === 0 && this.network.agenda.now < transfer.startedAt + expiryMs) {
        ask();
        return;
      }
      transfer.stage = 'done';
      if (status === 200) {
        this.apply({ type: 'handed-over', messageId: transfer.messageId });
        return;
      }
      if (this.#transfer !== transfer) return;
      this.#transfer = undefined;
      this.apply({ type: 'reactivate', text: 'back' });
    };
    const ask = (): void =>
      this.network.ask(() => this.peer.execute(request, transfer.startedAt + expiryMs), ended, 3_000);
    ask();
    this.#later(Math.max(left, 0) + 1, () => ended(0));
  }

  /** The transferee: what became of it, nothing while that is open. */
  execute(request: Execution, expiresAt: number): number | undefined {
    if (!this.up) return undefined;
    this.begin(true);
    const asked = this.#asked.get(request.messageId);
    if (asked) {
      this.#merge(request);
      return asked.status ?? this.#standing();
    }
    if (this.network.agenda.now > expiresAt) return 503;
    this.#asked.set(request.messageId, { expired: false });
    this.#merge(request);
    // Whoever asks us to take a chat has it: what we gave away has arrived.
    if (this.state?.phase === 'transferring') {
      if (this.#transfer) this.#transfer.stage = 'done';
      this.apply({ type: 'handed-over' });
    }
    this.apply({ type: 'take', lastMessageId: request.messageId, text: 'new here' });
    return this.#standing();
  }

  #standing(): number | undefined {
    if (this.state?.claim?.fate === 'sent' || this.state?.claim?.fate === 'unanswered') return undefined;
    return this.state?.phase === 'open' ? 200 : 503;
  }

  #merge(request: Execution): void {
    for (const m of request.history) this.apply({ ...m, imported: true });
  }

  /** R4c: what reaches us later goes to the one who has the chat, until it has it. */
  #keepPassing(): void {
    const life = this.#life;
    const phase = this.state?.phase;
    if ((phase !== 'handed-over' && phase !== 'transferring') || this.#since.size === 0) return;
    const messages = [...this.#since];
    this.network.ask(
      () => {
        if (!this.peer.up) return undefined;
        this.peer.begin(true);
        for (const m of messages) this.peer.apply(m);
        return 200;
      },
      (status) => {
        if (life !== this.#life) return;
        if (status === 200) for (const m of messages) this.#since.delete(m);
        else this.#later(2_000, () => this.#keepPassing());
      },
      3_000,
    );
  }

  #history(): ReceivedMessage[] {
    return this.#log.flatMap(({ event }) => (event.type === 'received' ? [event] : []));
  }

  #fresh(taking: boolean): PsapSession {
    return newPsapSession({ callId, caller: ana, greeting: `${this.uri} here`, taking });
  }

  #begin(): void {
    const life = this.#life;
    this.#mail = new Mail({
      network: this.network,
      attempts: 4,
      to: (m) => m.to,
      received: (m) => receivedOf(m, this.uri, this.uri),
      outcome: (m, status) => {
        if (life === this.#life) this.#sent(m, status);
      },
    });
  }

  #sent(m: OutgoingMessage, status: number): void {
    const entry = this.#log.find(
      ({ event }) =>
        event.type === 'send' && event.messageId === m.messageId && event.messageType === m.messageType,
    );
    // Not always in time for the next kill.
    if (entry && m.messageId !== undefined && !this.network.random.chance(0.3)) entry.status = status;
    this.apply({
      type: 'outcome',
      messageType: m.messageType,
      status,
      ...(m.messageId !== undefined && { messageId: m.messageId }),
    });
  }

  #timer(name: string, ms: number, run: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.#later(ms, run));
  }

  #later(ms: number, run: () => void): () => void {
    const life = this.#life;
    return this.network.agenda.after(ms, () => {
      if (life === this.#life && this.up) run();
    });
  }
}

function replay({ event, status }: Entry): PsapEvent {
  if (event.type === 'received') return event;
  return {
    type: 'restored',
    messageType: event.messageType,
    ...(event.messageId !== undefined && { messageId: event.messageId }),
    ...(event.text !== undefined && { text: event.text }),
    ...(event.replyTo !== undefined && { replyTo: event.replyTo }),
    ...(status !== undefined && { status }),
  };
}
