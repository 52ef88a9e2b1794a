import {
  HELD_QUERY_SUBJECT,
  type HeldBusQuestion,
  type HeldClientError,
  PIDF_LO_MAX_BYTES,
  dereferenceRequest,
  isAllowedHost,
  locationIn,
  type HeldClient,
  writeHeldRequest,
} from '@esinet/held';
import { type Result, err } from '@esinet/kernel';
import type { PidfLo } from '@esinet/location';
import {
  LOST_QUERY_SUBJECT,
  type LostAnswer,
  type LostClientError,
  type LostRequest,
  lostAnswerTo,
  writeLostRequest,
} from '@esinet/lost';
import { type Bus, BusError } from '@esinet/platform';
import type { LookupWay } from './lookup-ways.js';

export interface Dereference {
  readonly uri: string;
  readonly options: Parameters<HeldClient['dereference']>[1];
}

/** LoST by request and reply on the bus: the same documents as over HTTP. */
export function lostOverBus(
  bus: Bus,
  maxBytes: number,
): LookupWay<LostRequest, LostAnswer, LostClientError>['ask'] {
  return async (request, _signal, timeoutMs) => {
    const text = await textOf(bus, LOST_QUERY_SUBJECT, writeLostRequest(request), timeoutMs);
    return text.ok ? lostAnswerTo(request, text.value, maxBytes) : text;
  };
}

/** The same for location URIs, of the hosts that may be asked over HTTP. */
export function heldOverBus(
  bus: Bus,
  o: { readonly allowedHosts: readonly string[]; readonly maxBytes: number },
): LookupWay<Dereference, PidfLo & { document: string }, HeldClientError>['ask'] {
  return async ({ uri, options }, _signal, timeoutMs) => {
    if (!URL.canParse(uri) || !isAllowedHost(new URL(uri), o.allowedHosts))
      return err({ code: 'not-allowed', message: 'host of the location URI is not allowed' });
    const question: HeldBusQuestion = {
      uri,
      ...(options?.responseTime !== undefined && {
        document: writeHeldRequest(dereferenceRequest(options.responseTime)),
      }),
    };
    const text = await textOf(bus, HELD_QUERY_SUBJECT, question, timeoutMs);
    if (!text.ok) return text;
    if (text.value.length > o.maxBytes)
      return err({ code: 'too-large', message: `more than ${o.maxBytes} octets` });
    return locationIn(Buffer.from(text.value), PIDF_LO_MAX_BYTES);
  };
}

type NoText = {
  readonly code: 'timeout' | 'unreachable' | 'malformed';
  readonly message: string;
};

async function textOf(
  bus: Bus,
  subject: string,
  question: unknown,
  timeoutMs: number,
): Promise<Result<string, NoText>> {
  try {
    const answer = await bus.request(subject, question, { timeoutMs: Math.ceil(timeoutMs) });
    return typeof answer === 'string'
      ? { ok: true, value: answer }
      : err({ code: 'malformed', message: 'no document' });
  } catch (error) {
    const code = error instanceof BusError && error.code === 'timeout' ? 'timeout' : 'unreachable';
    return err({ code, message: error instanceof BusError ? `bus: ${error.code}` : 'bus failed' });
  }
}
