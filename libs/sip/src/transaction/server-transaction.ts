import type { Logger } from '@esinet/kernel';
import { editMessage } from '../codec/edit.js';
import { buildResponse } from '../codec/build.js';
import { parseDatagram } from '../codec/datagram.js';
import { unlimited } from '../codec/limits.js';
import type { SipMessage } from '../codec/sip-message.js';
import type { Via } from '../codec/via.js';
import type { OcClient } from '../overload/feedback.js';
import type { Flow } from '../transport/flow.js';
import { receivedVia, responseRoute } from '../transport/via-route.js';
import type { Effect } from './effect.js';
import { type InviteServerEvent, type InviteServerState, inviteServer } from './invite-server.js';
import {
  type NonInviteServerEvent,
  type NonInviteServerState,
  nonInviteServer,
} from './non-invite-server.js';
import type { Kept, KeptBytes } from './kept-bytes.js';
import type { TimerQueue, TimerTarget } from './timer-queue.js';
import { TimerSlots } from './timer-slots.js';
import type { SipTimers } from './timers.js';

/** An answer that the transaction writes itself. */
export interface ResponseDescription {
  readonly status: number;
  readonly reason?: string;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: Buffer | string;
  /** The tag of To, where the answer makes a dialog. Default: one that stands for the transaction. */
  readonly toTag?: string;
}

/** RFC 3261 17.2: one request that came in, and the way to answer it. */
export interface ServerTransaction {
  /** As it came: `received` and `rport` are not in its Via yet, `respond` and the proxy core see to that. */
  readonly request: SipMessage;
  readonly flow: Flow;
  /** The same for each repetition of the request. */
  readonly key: string;
  /** 16 hexadecimal digits that stand for `key`; our branches carry them. */
  readonly hash: string;
  /** A CANCEL for it came before a final answer went out. */
  readonly cancelled: boolean;
  /** A final answer has been given. */
  readonly answered: boolean;
  /**
   * Answers. Never throws. A description is written by RFC 3261 8.2.6; bytes are sent as they are. What the state
   * machine forbids (a second final answer, a 408 or 183 to a non-INVITE request) is not sent.
   */
  respond(answer: Buffer | ResponseDescription): void;
  /**
   * As `respond`, for a request that is not taken on. To an INVITE over UDP once for each time it comes and without
   * state: a sender that gives a wrong address would otherwise have eleven answers sent there. RFC 3261 8.2.7, 26.3.2.4
   */
  refuse(answer: ResponseDescription): void;
  /** No answer, on purpose. Repetitions of a non-INVITE request are absorbed. */
  discard(): void;
  /** At once if it was cancelled already. */
  onCancel(callback: () => void): void;
}

/** What a server transaction needs of its layer. */
export interface ServerSurroundings {
  readonly timers: SipTimers;
  readonly queue: TimerQueue;
  readonly kept: KeptBytes;
  readonly logger: Logger;
  /** `via`: the top Via of the request, where it has a say in the way back. */
  transmit(bytes: Buffer, via: Via | undefined, flow: Flow, oc: OcClient | undefined): void;
  /** Its final answer is given, or it ended without one. Once for each. */
  answered(): void;
  ended(record: ServerRecord): void;
  onAck(message: SipMessage, flow: Flow): void;
  failed(what: string, error: unknown): void;
}

type State = InviteServerState | NonInviteServerState;

/** A server transaction as the table keeps it: once answered, little more than the answer. */
export class ServerRecord implements TimerTarget {
  state: State = { name: 'initial' };
  /** The one handed to the user; let go when nothing more is expected of it. */
  user: UserServerTransaction | undefined;
  /** The client, where it is told of our load: in each response as it is at that moment. RFC 7339 5.2 */
  oc: OcClient | undefined;
  readonly #via: Via | undefined;
  #last: Buffer | undefined;
  #kept: Kept | undefined;
  #counted = false;
  readonly #timers = new TimerSlots();

  constructor(
    private readonly around: ServerSurroundings,
    readonly key: string,
    readonly invite: boolean,
    public flow: Flow,
    via: Via,
  ) {
    // Kept only where needed, since a record stays for 32 s: most clients are answered where they sent from.
    if (flow.reliable || !('flow' in responseRoute(via, flow))) this.#via = via;
  }

  get answered(): boolean {
    const name = this.state.name;
    return name !== 'initial' && name !== 'trying' && name !== 'proceeding';
  }

  timer(name: string): void {
    this.event(`timer ${name}` as InviteServerEvent & NonInviteServerEvent);
  }

  event(event: InviteServerEvent | NonInviteServerEvent, message?: Buffer | SipMessage): void {
    const context = { reliable: this.flow.reliable, timers: this.around.timers };
    const [state, effects] = this.invite
      ? inviteServer(this.state as InviteServerState, event as InviteServerEvent, context)
      : nonInviteServer(this.state as NonInviteServerState, event as NonInviteServerEvent, context);
    this.state = state;
    for (const effect of effects) this.#perform(effect, message);
    if (!this.answered) return;
    if (!this.#counted) {
      this.#counted = true;
      this.around.answered();
    }
    if (this.#last) {
      this.#kept = this.around.kept.keep(this.#last);
      this.#last = undefined;
    }
  }

  /** Nothing has been said yet. */
  get silent(): boolean {
    return this.#last === undefined && !this.answered;
  }

  /** Says this and ends. */
  answerOnce(bytes: Buffer): void {
    this.#transmit(bytes);
    this.state = { name: 'terminated' };
    this.drop();
  }

  /** A final answer that never goes out: what was waiting is let go. */
  drop(): void {
    this.#timers.clear();
    if (!this.#counted) {
      this.#counted = true;
      this.around.answered();
    }
    this.around.ended(this);
  }

  #perform(effect: Effect, message: Buffer | SipMessage | undefined): void {
    switch (effect.do) {
      case 'send':
        if (!Buffer.isBuffer(message)) return;
        this.#last = message;
        return this.#transmit(message);
      case 'repeat':
        return this.#repeat();
      case 'trying': {
        const bytes = this.user?.build({ status: 100 });
        if (!bytes) return;
        this.#last = bytes;
        return this.#transmit(bytes);
      }
      case 'deliver':
        if (message && !Buffer.isBuffer(message)) this.around.onAck(message, this.flow);
        return;
      case 'fail':
        return this.around.logger.warn('sip-answer-lost', {
          reason: effect.reason,
          transport: this.flow.transport,
          peer: this.flow.remoteAddress,
        });
      case 'set':
        return this.#timers.set(effect.timer, this.around.queue.set(effect.ms, this, effect.timer));
      case 'stop':
        return this.#timers.stop(effect.timer);
      case 'end':
        return this.drop();
      case 'forget':
        this.#last = undefined;
        this.#kept = undefined;
        return;
      case 'ack':
      case 'release':
        return;
    }
  }

  #repeat(): void {
    const kept = this.#kept;
    if (kept) this.#transmit(kept.block.subarray(kept.from, kept.to));
    else if (this.#last) this.#transmit(this.#last);
  }

  #transmit(bytes: Buffer): void {
    this.around.transmit(bytes, this.#via, this.flow, this.oc);
  }
}

/** What the user of the layer holds. */
export class UserServerTransaction implements ServerTransaction {
  cancelled = false;
  #onCancel: (() => void)[] | undefined;

  constructor(
    private readonly around: ServerSurroundings,
    private readonly record: ServerRecord,
    readonly request: SipMessage,
    readonly flow: Flow,
    readonly hash: string,
  ) {}

  get key(): string {
    return this.record.key;
  }

  get answered(): boolean {
    return this.record.answered;
  }

  respond(answer: Buffer | ResponseDescription): void {
    try {
      this.#give(answer);
    } catch (error) {
      this.around.failed('respond', error);
      this.#giveUp();
    }
  }

  refuse(answer: ResponseDescription): void {
    // After a 100 the client no longer repeats its INVITE: an answer lost then would be lost for good.
    if (!this.record.invite || this.flow.reliable || !this.record.silent) return this.respond(answer);
    try {
      this.record.answerOnce(this.build(answer));
    } catch (error) {
      this.around.failed('respond', error);
      this.#giveUp();
    }
  }

  #give(answer: Buffer | ResponseDescription): void {
    const bytes = Buffer.isBuffer(answer) ? answer : this.build(answer);
    const status = Buffer.isBuffer(answer) ? statusOf(answer) : answer.status;
    this.record.event(this.record.invite ? inviteEvent(status) : nonInviteEvent(status), bytes);
    if (status >= 200 && !this.record.invite) this.record.user = undefined;
  }

  /** An answer that cannot be written must not leave the client without one. */
  #giveUp(): void {
    if (this.answered) return;
    try {
      this.#give({ status: 500 });
    } catch (error) {
      this.around.failed('respond', error);
    }
  }

  discard(): void {
    if (this.answered) return;
    if (this.record.invite) this.record.drop();
    else this.record.event('silence');
    this.record.user = undefined;
  }

  onCancel(callback: () => void): void {
    if (this.cancelled) callback();
    else (this.#onCancel ??= []).push(callback);
  }

  cancel(): void {
    if (this.cancelled || this.answered) return;
    this.cancelled = true;
    const callbacks = this.#onCancel ?? [];
    this.#onCancel = undefined;
    for (const callback of callbacks) {
      try {
        callback();
      } catch (error) {
        this.around.failed('cancel', error);
      }
    }
  }

  build(answer: ResponseDescription): Buffer {
    return writeResponse(this.request, this.flow, answer, this.hash);
  }
}

/** RFC 3261 8.2.6, with the top Via as 18.2.1 and RFC 3581 4 want it kept. */
export function writeResponse(
  request: SipMessage,
  flow: Flow,
  answer: ResponseDescription,
  toTag: string,
): Buffer {
  const via = request.topVia;
  const stamped = via && receivedVia(via, flow);
  const changed = stamped !== undefined && stamped !== via?.text;
  // Nearly always the topmost value is a line of its own, and what is copied need not be read again.
  const ownLine =
    changed &&
    !request.index.nonAscii &&
    request.index.problem === undefined &&
    request.header('Via') === via?.text;
  const bytes = buildResponse(request, answer.status, answer.reason, {
    ...(answer.headers ? { headers: answer.headers } : undefined),
    ...(answer.body !== undefined ? { body: answer.body } : undefined),
    // RFC 3261 8.2.6.2: every response but a 100 carries a To tag.
    ...(answer.status > 100 ? { toTag: answer.toTag ?? toTag } : undefined),
    ...(ownLine ? { topVia: stamped } : undefined),
  });
  if (!changed || ownLine) return bytes;
  const parsed = parseDatagram(bytes, unlimited);
  if (parsed.kind !== 'message') return bytes;
  return editMessage(parsed.message, { edits: [{ op: 'replace-first', name: 'Via', value: stamped }] });
}

/** The Status-Code of a response as bytes: `SIP/2.0 200 …`. */
export function statusOf(bytes: Buffer): number {
  return (bytes[8]! - 48) * 100 + (bytes[9]! - 48) * 10 + (bytes[10]! - 48);
}

function inviteEvent(status: number): InviteServerEvent {
  return status < 200 ? 'send 1xx' : status < 300 ? 'send 2xx' : 'send 300-699';
}

function nonInviteEvent(status: number): NonInviteServerEvent {
  if (status === 100) return 'send 100';
  if (status < 200) return 'send 101-199';
  return status === 408 ? 'silence' : 'send final';
}
