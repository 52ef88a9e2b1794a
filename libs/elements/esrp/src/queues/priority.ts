import { isEmergencyService, messageKind, readIdentifiers } from '@esinet/lmpe';
import type { SipMessage } from '@esinet/sip';

const namespace = 'esnet.';

/**
 * The place of a request among those that wait, higher first. RFC 7135 3.2: esnet.0 is the lowest, esnet.4 the highest.
 * An emergency without a mark counts as the `esnet.1` the border gives (TS 103 698 6.1.2.5); a test call comes last.
 */
export function priorityOf(request: SipMessage): number {
  const service = isEmergencyService(request.requestUri);
  if (service?.test) return -1;
  let highest = service ? 1 : 0;
  let marked = false;
  for (const value of request.values('Resource-Priority')) {
    const text = value.trim().toLowerCase();
    if (!text.startsWith(namespace)) continue;
    const level = Number(text.slice(namespace.length));
    if (!Number.isInteger(level) || level < 0 || level > 4) continue;
    highest = marked ? Math.max(highest, level) : level;
    marked = true;
  }
  return highest;
}

/** Whether a request belongs to a dialog or to a chat that has begun (TS 103 698 6.1.2.7). */
export function isRunning(request: SipMessage): boolean {
  if (request.to?.tag !== undefined) return true;
  const kind = messageKind(readIdentifiers(request.values('Call-Info')).messageType);
  return kind === 'in-chat' || kind === 'stop' || kind === 'heartbeat' || kind === 'inactive';
}
