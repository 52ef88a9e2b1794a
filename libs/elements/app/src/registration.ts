import type { Clock, IdSource, Logger, Timer } from '@esinet/kernel';
import type { Link } from './link.js';

export interface RegisterOptions {
  readonly user: string;
  readonly password: string;
  readonly domain: string;
}

/** Seconds a registration is asked for; it is renewed after half of what was granted. */
export const registrationSeconds = 600;

/** Pause after a registration failed, doubled from one to the next up to a minute. */
export const registrationPauseMs = 1_000;

/**
 * Keeps the APP registered at the provider over the flow the chat uses (RFC 3261 10, RFC 5626 4.2, RFC 7118 6), so that
 * the provider can reach it through NAT and from a browser.
 */
export class Registration {
  #cseq = 0;
  #timer: Timer | undefined;
  #closed = false;
  #failures = 0;
  #lost = false;
  readonly #callId: string;
  readonly #contact: string;

  constructor(
    private readonly o: {
      readonly link: Link;
      readonly register: RegisterOptions;
      readonly clock: Clock;
      readonly ids: IdSource;
      readonly logger: Logger;
      /** Registered again after the way there was lost: from now on the PSAP's messages come through. */
      readonly onRestored?: () => void;
    },
  ) {
    const { transport } = o.link.destination;
    this.#callId = o.ids.token(24);
    // RFC 7118 5: a contact nobody can connect to; the provider goes by the flow.
    const host = `${o.ids.token(12)}.invalid`;
    this.#contact = `<sip:${o.register.user}@${host};transport=${transport === 'wss' ? 'ws' : transport};ob>`;
    const lost = (): void => {
      this.#lost = true;
      this.#later(0);
    };
    o.link.onClosed(lost);
    o.link.onRestored(lost);
  }

  /** Status of the answer; 0 if there was none. */
  async register(): Promise<number> {
    const { register, link } = this.o;
    const aor = `sip:${register.user}@${register.domain}`;
    this.#cseq += 2;
    const outcome = await link.send({
      method: 'REGISTER',
      uri: `sip:${register.domain}`,
      from: aor,
      to: aor,
      callId: this.#callId,
      // Odd ones are for the second try, with credentials.
      cseq: this.#cseq,
      headers: [
        ['Contact', `${this.#contact};expires=${registrationSeconds}`],
        ['Supported', 'path, outbound'],
      ],
    });
    const status = outcome.kind === 'response' ? outcome.message.status : 0;
    if (status >= 200 && status < 300) {
      this.#failures = 0;
      this.#later((registrationSeconds / 2) * 1_000);
      if (this.#lost) {
        this.#lost = false;
        this.o.onRestored?.();
      }
    } else {
      this.#failures++;
      this.o.logger.warn('not registered', { status });
      this.#later(Math.min(registrationPauseMs * 2 ** (this.#failures - 1), 60_000));
    }
    return status;
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  #later(ms: number): void {
    if (this.#closed) return;
    this.#timer?.cancel();
    this.#timer = this.o.clock.after(ms, () => {
      if (!this.#closed) void this.register();
    });
  }
}
