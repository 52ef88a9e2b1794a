import { type Clock, isoTime } from '@esinet/kernel';
import type { MessageKind, PsapPhase } from '@esinet/lmpe';
import type { Bus, Metrics } from '@esinet/platform';
import type { Chat } from './chat.js';

/** What is counted and told outside, after it happened. Nothing waits for it, and no text goes there. */
export interface DeskWatcher {
  started(chat: Chat): void;
  message(
    chat: Chat,
    message: {
      readonly direction: 'in' | 'out';
      readonly kind: MessageKind;
      readonly messageId?: number;
      readonly messageType?: number;
    },
  ): void;
  ended(chat: Chat): void;
  note(chat: Chat, note: string): void;
  /** Real chats in memory by phase. */
  phases(counts: ReadonlyMap<PsapPhase, number>): void;
  transfer(role: 'out' | 'in', outcome: string, centre: string, callId: string): void;
}

/**
 * Events on the bus and figures. A test call is told of and counted as one, and is in no figure of real calls
 * (TS 103 698 6.1.2.10).
 */
export function deskWatcher(o: {
  readonly metrics: Metrics;
  readonly bus: Bus;
  readonly clock: Clock;
}): DeskWatcher {
  const { metrics, bus, clock } = o;
  const sessions = metrics.gauge('esinet_chat_sessions', 'Chats open');
  const phases = metrics.gauge('esinet_chats', 'Chats in memory by phase', ['phase']);
  const messages = metrics.counter('esinet_chat_messages_total', 'Chat messages by direction and type', [
    'direction',
    'type',
  ]);
  const tests = metrics.counter('esinet_test_calls_total', 'Test calls taken');
  const transfers = metrics.counter('esinet_chat_transfers_total', 'Chat transfers by role and outcome', [
    'role',
    'outcome',
  ]);
  const publish = (
    what: string,
    of: { readonly callId: string; readonly centre: string },
    more: Record<string, string | number> = {},
  ): void =>
    bus.publish(`events.psap.${what}`, { at: isoTime(clock.wall()), element: 'psap', ...of, ...more });
  const named = (chat: Chat) => ({ callId: chat.callId, centre: chat.centre.id });
  return {
    started: (chat) => {
      const { service, test } = chat.origin;
      if (test) tests.inc();
      publish(test ? 'test-call' : 'chat-started', named(chat), service === undefined ? {} : { service });
    },
    message: (chat, { direction, kind, messageId }) => {
      if (chat.origin.test) return;
      messages.inc({ direction, type: kind });
      if (kind === 'heartbeat') return;
      publish('message', named(chat), { direction, kind, ...(messageId !== undefined && { messageId }) });
    },
    ended: (chat) => {
      if (!chat.origin.test) publish('stopped', named(chat));
    },
    note: (chat, note) => {
      if (!chat.origin.test) publish('note', named(chat), { note });
    },
    phases: (counts) => {
      sessions.set(counts.get('open') ?? 0);
      for (const [phase, count] of counts) phases.set(count, { phase });
    },
    transfer: (role, outcome, centre, callId) => {
      transfers.inc({ role, outcome });
      publish('transfer', { callId, centre }, { role, outcome });
    },
  };
}
