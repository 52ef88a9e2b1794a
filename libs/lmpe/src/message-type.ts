import { MessageType } from './registry.js';

export type MessageKind =
  | 'start'
  | 'stop'
  | 'in-chat'
  | 'heartbeat'
  | 'inactive'
  | 'start-transfer'
  | 'stop-transfer'
  | 'start-redirect'
  | 'stop-redirect'
  | 'unknown';

const kinds: ReadonlyMap<number, MessageKind> = new Map<number, MessageKind>([
  [MessageType.start, 'start'],
  [MessageType.stop, 'stop'],
  [MessageType.inChat, 'in-chat'],
  [MessageType.heartbeat, 'heartbeat'],
  [MessageType.heartbeatInactive, 'inactive'],
  [MessageType.startTransfer, 'start-transfer'],
  [MessageType.stopTransfer, 'stop-transfer'],
  [MessageType.startRedirect, 'start-redirect'],
  [MessageType.stopRedirect, 'stop-redirect'],
]);

/**
 * TS 103 698 6.1.2.7. By equality: the low bits are no flags, an in-chat message (259) carries the bit of a stop
 * (258) as well as that of a start (257).
 */
export function messageKind(type: number | undefined): MessageKind {
  return (type === undefined ? undefined : kinds.get(type)) ?? 'unknown';
}

/** Keep-alives (260, 388) say nothing to a person. */
export function isKeepAlive(kind: MessageKind): boolean {
  return kind === 'heartbeat' || kind === 'inactive';
}
