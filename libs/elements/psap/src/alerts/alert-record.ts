import type { MessageRecord } from '../message-record.js';
import type { AlertError } from '../reading/alert.js';
import { type ShownMessage, shownParts } from '../shown-message.js';

/** A non-interactive call (RFC 8876), as kept in the collection `alerts`. */
export interface AlertRecord extends Pick<
  MessageRecord,
  | 'centre'
  | 'at'
  | 'sender'
  | 'to'
  | 'text'
  | 'locations'
  | 'locationReferences'
  | 'otherParts'
  | 'content'
  | 'data'
  | 'dataReferences'
  | 'problems'
  | 'reasons'
  | 'history'
  | 'raw'
> {
  readonly version: 1;
  readonly alert: string;
  readonly service?: string;
  readonly callId?: string;
  readonly did?: string;
  readonly languages?: readonly string[];
  readonly accessNetwork?: string;
  /** What the sender was told was wrong with it. */
  readonly error?: AlertError;
}

/** Collections of Records. `alerts-by-time` has a key per alert, `<RFC 3339>/<alert>`. */
export const alertCollections = { alerts: 'alerts', byTime: 'alerts-by-time' } as const;

export function isAlertRecord(value: unknown): value is AlertRecord {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'alert' in value &&
    'to' in value
  );
}

/** An alert as call takers get it. */
export interface ShownAlert extends Pick<
  ShownMessage,
  'locations' | 'otherParts' | 'data' | 'problems' | 'reasons' | 'history'
> {
  readonly alert: string;
  readonly at: string;
  readonly centre: string;
  readonly sender: string;
  readonly service?: string;
  readonly callId?: string;
  readonly did?: string;
  readonly languages?: readonly string[];
  readonly accessNetwork?: string;
  readonly text?: string;
  readonly error?: AlertError;
}

/** Documents and the request as received stay in the records. */
export function shownAlert(record: AlertRecord): ShownAlert {
  const { alert, at, centre, sender, service, callId, did, languages, accessNetwork, text, error } = record;
  return {
    alert,
    at,
    centre,
    sender,
    ...(service !== undefined && { service }),
    ...(callId !== undefined && { callId }),
    ...(did !== undefined && { did }),
    ...(languages && { languages }),
    ...(accessNetwork !== undefined && { accessNetwork }),
    ...(text !== undefined && { text }),
    ...(error && { error }),
    ...shownParts(record),
  };
}
