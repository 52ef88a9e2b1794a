import { leastExpirySeconds } from './schemas.js';
import {
  done,
  fail,
  handOver,
  isAccepted,
  reactivate,
  reactivating,
  recorded,
  same,
  send,
  settled,
} from './transferor-outcome.js';
import type { Transferor, TransferorEffect, TransferorEvent, TransferorStep } from './transferor-state.js';

/**
 * TS 103 698 6.2.6, 6.3. Every event may come at any time; what does not fit changes nothing.
 *
 * The APP decides who has the chat: of all 265 after one 266 it takes the first. What is left to this machine is never
 * to believe in an owner that is none: 503 is a promise of the transferee that it never will take the chat, silence is
 * no answer, and a refused 265 means "the other one" unless the other one said 503.
 */
export function transferor(state: Transferor, event: TransferorEvent): [Transferor, TransferorEffect[]] {
  if (event.type === 'recorded') return recorded(state, event);
  if (event.type === 'closed') state = { ...state, closed: true };
  switch (state.phase) {
    case 'negotiating':
      return negotiating(state, event);
    case 'negotiated':
      return negotiated(state, event);
    case 'stalling':
      return stalling(state, event);
    case 'executing':
      return executing(state, event);
    case 'asking':
      return asking(state, event);
    case 'reactivating':
      return reactivating(state, event);
    case 'done':
      return done(state, event);
    case 'failed':
      return same(state);
  }
}

/** Whether the machine has still something to do; if not it need not be kept in memory. */
export function isTransferorActive(state: Transferor): boolean {
  if (state.phase === 'done') return state.confirming || !settled(state);
  return state.phase !== 'failed';
}

/**
 * Whether the machine wants `restored` after a restart: also when it was through, as a message may have come since that
 * is in the chat's record and nowhere else. Of several transfers of a chat that concerns the last one.
 */
export function wantsRestored(state: Transferor): boolean {
  return state.phase !== 'failed';
}

function negotiating(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'negotiated': {
      if (event.status !== 202) return fail(state, event.status === 406 ? 'declined' : 'no-answer');
      const ms = 1_000 * (event.expiryTime ?? leastExpirySeconds);
      return [
        { ...state, phase: 'negotiated', negotiationExpiresAt: event.at + ms },
        [{ type: 'persist' }, { type: 'set-timer', timer: 'negotiation', ms }],
      ];
    }
    case 'cancel':
      return fail(state, 'cancelled');
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      return fail(state, 'restarted');
    default:
      return same(state);
  }
}

function negotiated(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'begin':
      if (event.at >= (state.negotiationExpiresAt ?? 0)) return fail(state, 'negotiation-expired');
      return [
        { ...state, phase: 'stalling' },
        [{ type: 'persist' }, { type: 'cancel-timers' }, ...stall(state)],
      ];
    case 'timer':
      return event.timer === 'negotiation' ? fail(state, 'negotiation-expired') : same(state);
    case 'cancel':
      return fail(state, 'cancelled');
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      return fail(state, 'restarted');
    default:
      return same(state);
  }
}

function stall({ timing }: Transferor): TransferorEffect[] {
  return [{ type: 'set-timer', timer: 'stall', ms: timing.stallMs }, { type: 'stall' }];
}

function stalling(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'stalled': {
      if (!isAccepted(event.status)) return reactivate(state, event.at, 'stall-failed');
      if (state.closed) return fail(state, 'closed');
      const known = { ...state, messageId: event.messageId };
      if (event.at >= (state.negotiationExpiresAt ?? 0)) {
        return reactivate(known, event.at, 'negotiation-expired');
      }
      const ms = 1_000 * state.timing.executionSeconds;
      // From here on the transferee may have it, whatever becomes of us.
      const next: Transferor = {
        ...known,
        phase: 'executing',
        verdict: 'unknown',
        executionExpiresAt: event.at + ms,
      };
      const [sent, execute] = send(next, event.at, true);
      return [
        sent,
        [{ type: 'persist' }, { type: 'cancel-timers' }, { type: 'set-timer', timer: 'expiry', ms }, execute],
      ];
    }
    case 'timer':
      return event.timer === 'stall' ? reactivate(state, event.at, 'stall-failed') : same(state);
    case 'closed':
      return fail(state, 'closed');
    case 'restored':
      if (event.at >= (state.negotiationExpiresAt ?? 0)) return reactivate(state, event.at, 'restarted');
      return [{ ...state, recorded: event.recorded }, stall(state)];
    default:
      return same(state);
  }
}

function executing(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'executed': {
      if (event.status !== undefined) return answered(state, event);
      if (event.final) {
        // Refused before it was read: the only request that ever went out has made nobody take the chat.
        const verdict = event.attempt === 1 && state.attempt === 1 ? 'no' : 'unknown';
        return reactivate({ ...state, verdict }, event.at, 'no-answer');
      }
      if (event.attempt !== state.attempt) return same(state);
      return [{ ...state, asking: false }, [{ type: 'set-timer', timer: 'retry', ms: state.timing.retryMs }]];
    }
    case 'timer':
      if (event.timer === 'expiry') return ask(state, event.at);
      if (event.timer !== 'retry') return same(state);
      return executeAgain(state, event.at);
    case 'closed':
      return [state, [{ type: 'persist' }]];
    case 'restored': {
      const fresh = { ...state, recorded: event.recorded };
      const left = (state.executionExpiresAt ?? 0) - event.at;
      if (left <= 0) return ask(fresh, event.at);
      const [next, effects] = executeAgain(fresh, event.at);
      return [
        next,
        [
          { type: 'set-timer', timer: 'expiry', ms: Math.min(left, 1_000 * state.timing.executionSeconds) },
          ...effects,
        ],
      ];
    }
    default:
      return same(state);
  }
}

function executeAgain(state: Transferor, at: number): TransferorStep {
  const [next, execute] = send(state, at, true);
  return [next, [execute]];
}

function ask(state: Transferor, at: number): TransferorStep {
  const [next, execute] = send({ ...state, phase: 'asking' }, at, false);
  return [
    next,
    [
      { type: 'persist' },
      { type: 'cancel-timers' },
      { type: 'set-timer', timer: 'ask', ms: state.timing.askMs },
      execute,
    ],
  ];
}

function asking(state: Transferor, event: TransferorEvent): TransferorStep {
  switch (event.type) {
    case 'executed':
      if (event.status !== undefined) return answered(state, event);
      // The failure of an earlier request says nothing about this one.
      if (event.attempt !== state.attempt) return same(state);
      return reactivate(state, event.at, 'execution-expired');
    case 'timer':
      return event.timer === 'ask' ? reactivate(state, event.at, 'execution-expired') : same(state);
    case 'closed':
      return [state, [{ type: 'persist' }]];
    case 'restored':
      return ask({ ...state, recorded: event.recorded }, event.at);
    default:
      return same(state);
  }
}

function answered(state: Transferor, event: TransferorEvent & { readonly type: 'executed' }): TransferorStep {
  if (event.status === 200) return handOver({ ...state, verdict: 'yes' }, event.at, event.upTo);
  return reactivate({ ...state, verdict: 'no' }, event.at, 'execution-declined');
}
