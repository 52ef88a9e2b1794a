import { type Result, err, ok } from '@esinet/kernel';
import { PIDF_NS, type PidfLo, readPidfLo } from '@esinet/location';
import { readXml } from '@esinet/xml';
import type { HeldClientError } from './http-held-client.js';
import type { LocationRequest } from './messages.js';
import { heldAnswerOf } from './read.js';

/** RFC 6753 section 3.1: nothing but a response time and location types, and no URI for a URI. */
export function dereferenceRequest(responseTime: LocationRequest['responseTime']): LocationRequest {
  return {
    type: 'locationRequest',
    ...(responseTime === undefined ? {} : { responseTime }),
    locationTypes: ['geodetic', 'civic'],
    exact: false,
    device: [],
  };
}

/** The presence document, bare or inside a locationResponse. A HELD error never passes for one. */
export function locationIn(
  body: Buffer,
  maxPidfLoBytes: number,
): Result<PidfLo & { document: string }, HeldClientError> {
  const document = readXml(body, { maxBytes: body.length });
  if (!document.ok) return fail('malformed', `XML: ${document.error.code}`);
  let text: string;
  if (document.value.uri === PIDF_NS && document.value.local === 'presence') {
    text = body.toString('utf8');
  } else {
    const answer = heldAnswerOf(document.value);
    if (!answer.ok) return fail('malformed', answer.error.message);
    if (answer.value.type === 'error') return heldFailure(answer.value);
    if (answer.value.pidfLo === undefined) return fail('no-location', 'answer holds no location by value');
    text = answer.value.pidfLo;
  }
  if (Buffer.byteLength(text) > maxPidfLoBytes)
    return fail('too-large', `PIDF-LO exceeds ${maxPidfLoBytes} octets`);
  const pidfLo = readPidfLo(Buffer.from(text));
  if (!pidfLo.ok)
    return fail(pidfLo.error.code === 'no-location' ? 'no-location' : 'malformed', pidfLo.error.message);
  return ok({ ...pidfLo.value, document: text });
}

export function heldFailure(answer: { code: string; message: string }): {
  readonly ok: false;
  readonly error: HeldClientError;
} {
  return fail('held', `HELD error ${answer.code}`, { heldCode: answer.code });
}

export function fail(
  code: HeldClientError['code'],
  message: string,
  more: { status?: number; heldCode?: string } = {},
): { readonly ok: false; readonly error: HeldClientError } {
  return err({ code, message, ...more });
}
