import { type Clock, type IdSource, type Logger, randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { type SendOutcome, worthAnotherAttempt } from '@esinet/lmpe';
import {
  type AdditionalData,
  type AppLocation,
  type CapAlert,
  alertRequest,
  appAttempts,
  appFirstPauseMs,
} from '@esinet/lmpe-client';
import type { SipMessage, UacOutcome } from '@esinet/sip';
import { type Via, type WireMessage, openLink } from './link.js';
import { RegistrationError, withTag } from './open-chat.js';
import { type RegisterOptions, Registration } from './registration.js';
import { incoming, uacRequest } from './sip-link.js';

export interface SendAlertOptions {
  readonly cap:
    { readonly document: string | Uint8Array; readonly alert: CapAlert } | { readonly uri: string };
  readonly location?: AppLocation;
  readonly additionalData?: readonly AdditionalData[];
  readonly service: string;
  readonly from?: string;
  readonly element?: string;
  readonly via: Via;
  readonly register?: RegisterOptions;
  /** Milliseconds to stay reachable after the answer: a centre may want to talk after all. Default 0. */
  readonly waitMs?: number;
  readonly onWire?: (message: WireMessage) => void;
  readonly ids?: IdSource;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** What became of an alert. */
export interface SentAlert {
  /** Of the last answer; 0 if there was none. */
  readonly status: number;
  readonly delivered: boolean;
  readonly attempts: number;
  /** Without an answer: why. */
  readonly reason?: string;
  /** AlertMsg-Error (RFC 8876 5.2): the centre took the call or not, but not the alert in it. */
  readonly alertError?: { readonly code: string; readonly text?: string };
  /** Texts of the centre within `waitMs`. */
  readonly heard: readonly string[];
}

/**
 * A non-interactive emergency call (RFC 8876 4.3): one MESSAGE, repeated as long as it is not answered. The receiver
 * knows a repeated alert by its identifier, sender and time.
 *
 * @throws RegistrationError, or a system error if no socket can be had
 */
export async function sendAlert(o: SendAlertOptions): Promise<SentAlert> {
  const ids = o.ids ?? randomIds;
  const clock = o.clock ?? systemClock;
  const logger = o.logger ?? silentLogger;
  const element = o.element ?? 'app.lab';
  const { register, via } = o;
  const waitMs = o.waitMs ?? 0;
  const from = o.from ?? (register ? `sip:${register.user}@${register.domain}` : `sip:app@${element}`);
  const heard: string[] = [];
  const link = await openLink({
    via,
    clock,
    ids,
    logger,
    ...(register && { credentials: { user: register.user, password: register.password } }),
    onMessage: (request) => {
      if (waitMs === 0) return { status: 480 };
      heard.push(...incoming(request).texts);
      return { status: 200 };
    },
    ...(o.onWire && { onWire: o.onWire }),
  });
  const registration = register && new Registration({ link, register, clock, ids, logger });
  try {
    if (registration) {
      const status = await registration.register();
      if (status < 200 || status >= 300) throw new RegistrationError(status);
    }
    const request = uacRequest(
      alertRequest({
        uri: o.service,
        from: withTag(from, ids),
        element,
        cap: o.cap,
        now: clock.wall(),
        ...(o.location && { location: o.location }),
        ...(o.additionalData && { additionalData: o.additionalData }),
      }),
    );
    const pause = (ms: number): Promise<void> => new Promise((resolve) => clock.after(ms, resolve));
    for (let attempts = 1; ; attempts++) {
      const outcome = await link.send(request);
      if (attempts < appAttempts && worthAnotherAttempt(sendOutcome(outcome))) {
        await pause(appFirstPauseMs * 2 ** (attempts - 1));
        continue;
      }
      if (outcome.kind === 'failure') {
        return { status: 0, delivered: false, attempts, reason: outcome.reason, heard };
      }
      const { status } = outcome.message;
      const delivered = status >= 200 && status < 300;
      if (delivered && waitMs > 0) await pause(waitMs);
      const alertError = alertErrorOf(outcome.message);
      return { status, delivered, attempts, heard, ...(alertError && { alertError }) };
    }
  } finally {
    registration?.close();
    await link.close();
  }
}

function sendOutcome(outcome: UacOutcome): SendOutcome {
  return outcome.kind === 'response'
    ? { kind: 'answered', status: outcome.message.status }
    : { kind: 'failure', reason: outcome.reason };
}

/** RFC 8876 5.2: `103 ;message="…"`. */
function alertErrorOf(response: SipMessage): SentAlert['alertError'] {
  const value = response.header('AlertMsg-Error');
  if (value === undefined) return undefined;
  const semicolon = value.indexOf(';');
  const code = (semicolon < 0 ? value : value.slice(0, semicolon)).trim();
  const rest = semicolon < 0 ? '' : value.slice(semicolon);
  const open = rest.indexOf('"');
  const close = rest.lastIndexOf('"');
  return { code, ...(close > open && { text: rest.slice(open + 1, close) }) };
}
