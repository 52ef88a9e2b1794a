import { type AppEvent, type AppSession, appSession, destinationOf, newAppSession } from '../app-session.js';
import { outgoingOf } from '../outgoing-message.js';
import { type SessionEffect, answerOf } from '../session-effect.js';
import { Mail, type Network, receivedOf } from './world.js';

export const callId = 'urn:emergency:uid:callid:0123456789a:app.lab';
export const ana = 'sip:ana@provider.lab';
export const service = 'urn:service:sos';

/** The caller, who never goes down: what it decides is what happens. */
export class ModelApp {
  state: AppSession = newAppSession({ callId, service, introduction: 'Ana' });
  /** Texts by who said them and their number, as often as they were shown. */
  readonly shown = new Map<string, number>();
  readonly delivered: string[] = [];
  readonly ids: number[] = [];
  readonly notes: string[] = [];
  readonly accepted: string[] = [];
  readonly #mail: Mail;
  readonly #timers = new Map<string, () => void>();

  constructor(private readonly network: Network) {
    this.#mail = new Mail({
      network,
      attempts: 40,
      to: (m) => destinationOf(this.state, m),
      received: (m) => receivedOf(m, ana),
      outcome: (m, status) => {
        if (status === 200 && m.text !== undefined && m.messageId !== undefined) {
          this.delivered.push(`${m.messageId} ${m.text}`);
        }
        this.apply({
          type: 'outcome',
          messageType: m.messageType,
          delivered: status === 200,
          ...(m.messageId !== undefined && { messageId: m.messageId }),
        });
      },
    });
    network.listen(ana, (m) => {
      const effects = this.apply(m);
      const status = answerOf(effects);
      if (status === 200 && m.messageType === 265 && !effects.some(isDuplicate)) {
        this.accepted.push(m.sender);
      }
      return status;
    });
  }

  apply(event: AppEvent): readonly SessionEffect[] {
    const [next, effects] = appSession(this.state, event);
    this.state = this.network.random.chance(0.02) ? (JSON.parse(JSON.stringify(next)) as AppSession) : next;
    this.network.trace('app', event, `${next.phase} ${next.with ?? ''}`);
    for (const effect of effects) {
      switch (effect.type) {
        case 'send':
          if (effect.messageId !== undefined) this.ids.push(effect.messageId);
          this.#mail.push(outgoingOf(effect));
          break;
        case 'show': {
          const key = `${effect.sender} ${effect.messageId ?? '-'} ${effect.text}`;
          this.shown.set(key, (this.shown.get(key) ?? 0) + 1);
          break;
        }
        case 'set-timer': {
          const { timer, ms } = effect;
          this.#timers.get(timer)?.();
          this.#timers.set(
            timer,
            this.network.agenda.after(ms, () => this.apply({ type: 'timer', timer })),
          );
          break;
        }
        case 'cancel-timer':
          this.#timers.get(effect.timer)?.();
          break;
        case 'note':
          this.notes.push(effect.note);
          break;
        default:
          break;
      }
    }
    return effects;
  }
}

function isDuplicate(effect: SessionEffect): boolean {
  return effect.type === 'note' && effect.note === 'duplicate';
}
