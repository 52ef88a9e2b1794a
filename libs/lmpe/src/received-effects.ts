import { type Arrival, type Arrivals, type ReceivedMessage, waits } from './arrivals.js';
import { type SessionEffect, type SessionTiming, gapMs } from './session-effect.js';

/** Every message that is taken in is recorded, whatever it is. */
export function recordOf(m: ReceivedMessage): SessionEffect {
  return {
    type: 'record',
    direction: 'in',
    ...(m.messageType !== undefined && { messageType: m.messageType }),
    ...(m.messageId !== undefined && { messageId: m.messageId }),
    ...(m.text !== undefined && { text: m.text }),
  };
}

/** The texts that go to a person now, and the time in which what is missing may still come. */
export function effectsOf(before: Arrivals, arrival: Arrival, timing: SessionTiming): SessionEffect[] {
  const shown = arrival.shown.map((text): SessionEffect => ({ type: 'show', ...text }));
  const waited = waits(before);
  const waiting = waits(arrival.next);
  if (waiting && !waited) shown.push({ type: 'set-timer', timer: 'gap', ms: timing.gapMs ?? gapMs });
  if (waited && !waiting) shown.push({ type: 'cancel-timer', timer: 'gap' });
  return shown;
}
