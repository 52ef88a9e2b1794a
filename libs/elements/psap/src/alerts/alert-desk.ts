import { createHash } from 'node:crypto';
import { type Clock, type Logger, isoTime, messageOf } from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import type { UasAnswer } from '@esinet/sip';
import { type Lookups, withFindings } from '../attachments/lookups.js';
import type { Centre } from '../centre.js';
import type { IncomingMessage } from '../incoming-message.js';
import { alertErrorHeader } from '../reading/alert.js';
import { carried } from '../reading/carried.js';
import {
  type AlertRecord,
  type ShownAlert,
  alertCollections,
  isAlertRecord,
  shownAlert,
} from './alert-record.js';

export interface AlertDeskOptions {
  readonly records: Records;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lookups: Lookups;
  /** A new alert, or more that became known of one. */
  readonly onAlert: (alert: ShownAlert, isNew: boolean) => void;
}

/** Alerts looked through for those of one centre. */
const lookedThrough = 10_000;
const page = 500;

/**
 * Non-interactive calls (RFC 8876): an alert in a single MESSAGE, from a thing nobody can talk to. It is recorded, shown
 * to call takers and answered; no chat begins.
 */
export class AlertDesk {
  constructor(private readonly o: AlertDeskOptions) {}

  /** Never rejects. A copy of an alert is answered as the alert was. */
  async take(message: IncomingMessage, centre: Centre): Promise<UasAnswer> {
    const error = message.alert?.error;
    const headers = error ? [alertErrorHeader(error)] : [];
    if (error && isUseless(message)) return { status: 425, headers };
    const { clock, logger } = this.o;
    const record = alertRecord(message, centre, isoTime(clock.wall()));
    try {
      const kept = await this.#keep(record);
      if (kept) {
        this.o.onAlert(shownAlert(record), true);
        const wanted = this.o.lookups.wanted(record, message);
        if (wanted) void this.#look(record, wanted);
      }
      return { status: 200, headers };
    } catch (failure) {
      logger.error('alert not stored', { reason: messageOf(failure) });
      // RFC 8876 5.2: who cannot process an alert now says so with a 500.
      return { status: 500 };
    }
  }

  async find(alert: string): Promise<AlertRecord | undefined> {
    const value = await this.o.records.get(alertCollections.alerts, alert.slice(0, 128) || '-');
    return isAlertRecord(value) ? value : undefined;
  }

  /** Newest first. */
  async list(limit: number, centre?: string): Promise<AlertRecord[]> {
    const found: AlertRecord[] = [];
    let after: string | undefined;
    for (let looked = 0; found.length < limit && looked < lookedThrough; looked += page) {
      const keys = await this.o.records.list(alertCollections.byTime, {
        reverse: true,
        limit: page,
        ...(after !== undefined && { after }),
      });
      for (const { value } of keys) {
        const record = await this.find(String(value));
        if (record && (centre === undefined || record.centre === centre)) found.push(record);
        if (found.length >= limit) break;
      }
      after = keys.at(-1)?.key;
      if (keys.length < page) break;
    }
    return found;
  }

  /** Whether it is new. */
  async #keep(record: AlertRecord): Promise<boolean> {
    const { records } = this.o;
    // Of a copy after a crash between the two the second is made good.
    const { at } = (await this.find(record.alert)) ?? record;
    const [stored] = await Promise.all([
      records.append(alertCollections.alerts, record.alert, record),
      records.append(alertCollections.byTime, `${at}/${record.alert}`, record.alert),
    ]);
    return stored === 'stored';
  }

  async #look(record: AlertRecord, wanted: NonNullable<ReturnType<Lookups['wanted']>>): Promise<void> {
    try {
      const found = await this.o.lookups.find(record, wanted);
      if (found.locations.length + found.data.length === 0) return;
      const amended = withFindings(record, found);
      await this.o.records.put(alertCollections.alerts, record.alert, amended);
      this.o.onAlert(shownAlert(amended), false);
    } catch (error) {
      this.o.logger.warn('alert not completed', { reason: messageOf(error) });
    }
  }
}

/** RFC 8876 5.1: only an alert without anything else of use in its message may be refused. */
function isUseless(message: IncomingMessage): boolean {
  const { text, locations, location, dataReferences, data, others, alert } = message;
  const known =
    (text !== undefined && text !== '') ||
    locations.some(({ pidfLo }) => pidfLo !== undefined) ||
    location.references.length > 0 ||
    dataReferences.length > 0 ||
    data.some(({ type, fields }) => type !== 'cap' && fields.length > 0) ||
    others.some(({ part }) => !data.some((block) => block.part === part));
  // A 425 must not answer what holds no alert at all.
  return !known && alert?.error !== undefined && data.some(({ type }) => type === 'cap');
}

function alertRecord(m: IncomingMessage, centre: Centre, at: string): AlertRecord {
  const { callId, did } = m.identifiers;
  const identity = m.alert?.identity ?? m.reference;
  const alert = createHash('sha256')
    .update([centre.id, m.sender, identity, m.content ?? '', m.text ?? ''].join('\n'))
    .digest('base64url')
    .slice(0, 32);
  return {
    version: 1,
    alert,
    centre: centre.id,
    at,
    sender: m.sender,
    to: m.requestUri,
    ...(m.service !== undefined && { service: m.service }),
    ...(callId !== undefined && { callId }),
    ...(did !== undefined && { did }),
    ...(m.languages.length > 0 && { languages: m.languages }),
    ...(m.accessNetwork !== undefined && { accessNetwork: m.accessNetwork }),
    ...(m.text !== undefined && { text: m.text }),
    ...(m.alert?.error && { error: m.alert.error }),
    ...carried(m),
    ...(m.reasons.length > 0 && { reasons: m.reasons }),
    ...(m.history.length > 0 && { history: m.history }),
    raw: m.raw.toString('base64'),
  };
}
