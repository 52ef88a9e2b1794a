import { hash } from 'node:crypto';
import { identifierRegistry, readIdentifiers } from '@esinet/lmpe';
import type { SipMessage } from '@esinet/sip';

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** All of two characters, by the ten bits they stand for. */
const pairs = [...alphabet].flatMap((first) => [...alphabet].map((second) => first + second));

/** Characters of an identifier made here: 130 bits, within the 10 to 30 of TS 103 698 6.1.2.7. */
const identifierLength = 26;

export interface Identified {
  readonly callId: string;
  /** The request brought none, in no form: this border made it. */
  readonly assigned: boolean;
  /** TS 103 698 6.1.2.7: Message Type, as far as there is one. */
  readonly messageType?: number;
  /** Call-Info values to add; empty where all are there. */
  readonly added: readonly string[];
  /** One to put before those that came: there is a Call Identifier among them, but none that can be read. */
  readonly before?: string;
}

/**
 * The Call Identifier of a request, and what is to be added so that the PSAP finds one. An assigned identifier follows
 * from Call-ID and From alone, so that a retransmission, another replica of this border and a later message of the same
 * Call-ID come to the same.
 */
export function identify(
  request: SipMessage,
  o: { readonly elementId: string; readonly nena: boolean },
): Identified {
  const values = request.values('Call-Info');
  const known = readIdentifiers(values);
  const purposes = purposesOf(values);
  const callId =
    known.callId ??
    `urn:emergency:uid:callid:${derived('callid', request.callId ?? '', request.from?.uri ?? '')}:${o.elementId}`;
  const added: string[] = [];
  const value = `<${callId}>;purpose=${identifierRegistry.callId.emitted.purpose}`;
  // Else the PSAP would make up another one, by which this border does not find the way back.
  const before = purposes.callId && known.callId === undefined ? { before: value } : {};
  if (!purposes.callId) added.push(value);
  if (o.nena) {
    if (!purposes.nenaCallId) added.push(`<${callId}>;purpose=emergency-CallId`);
    if (known.incidentId === undefined) {
      const incident = `urn:emergency:uid:incidentid:${derived('incidentid', callId)}:${o.elementId}`;
      added.push(`<${incident}>;purpose=emergency-IncidentId`);
    }
  }
  const assigned = known.callId === undefined;
  const { messageType } = known;
  return { callId, assigned, added, ...before, ...(messageType !== undefined && { messageType }) };
}

/** How many characters of a Call Identifier cannot be guessed: its unique part. */
export function secretLengthOf(callId: string): number {
  const text = callId.slice(callId.toLowerCase().lastIndexOf('callid:') + 'callid:'.length);
  const colon = text.indexOf(':');
  return colon < 0 ? text.length : colon;
}

function derived(...parts: readonly string[]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'buffer');
  // Two characters are ten bits: 13 times.
  let out = '';
  for (let bit = 0; out.length < identifierLength; bit += 10) {
    const at = bit >> 3;
    const window = (digest[at]! << 16) | (digest[at + 1]! << 8) | digest[at + 2]!;
    out += pairs[(window >> (14 - (bit & 7))) & 1023]!;
  }
  return out;
}

/** Which of the two forms of a Call Identifier are there. */
function purposesOf(values: readonly string[]): { readonly callId: boolean; readonly nenaCallId: boolean } {
  let callId = false;
  let nenaCallId = false;
  for (const value of values) {
    const parameters = value.slice(value.indexOf('>') + 1).toLowerCase();
    if (!parameters.includes('callid')) continue;
    callId ||= hasPurpose(parameters, 'emergencycalldata.callid');
    nenaCallId ||= hasPurpose(parameters, 'emergency-callid');
  }
  return { callId, nenaCallId };
}

/** `parameters` in lower case. */
function hasPurpose(parameters: string, purpose: string): boolean {
  return (
    parameters.includes(purpose) &&
    parameters.split(';').some((parameter) => parameter.replace(/[\s"]/g, '') === `purpose=${purpose}`)
  );
}
