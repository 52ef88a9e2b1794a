import { type Result, err, ok } from '@esinet/kernel';
import { checkOf } from './check.js';
import { transferSchemas } from './schemas.js';

/** TS 103 698 Table 5. */
export interface NegotiationRequest {
  readonly CallId: string;
  readonly TransferFrom: string;
  readonly TransferTo: string;
  readonly ReasonText?: string;
}

/** TS 103 698 Table 6. */
export interface NegotiationResponse {
  readonly CallId: string;
  /** Seconds. */
  readonly ExpiryTime: number;
  readonly StatusCode: 202 | 406;
}

/** TS 103 698 Table 7. */
export interface ExecutionRequest {
  readonly CallId: string;
  readonly MessageId: number;
  /** Seconds. */
  readonly ExpiryTime: number;
  /** A JSON object; `readHistory` reads it. */
  readonly Data?: unknown;
}

/** TS 103 698 Table 8. */
export interface ExecutionResponse {
  readonly CallId: string;
  /** 503: not taken, and never will be by this request. What is not known yet is not answered. */
  readonly StatusCode: 200 | 503;
}

/** Characters of a Call Identifier and of a URI; Annex A sets no bound. */
export const maxCallIdLength = 512;
export const maxUriLength = 2_048;
/** Characters of the reason that are kept; the rest is cut off. */
export const maxReasonLength = 2_000;
/** A week. Longer expiry times count as one: timers hold no more. */
export const longestExpirySeconds = 604_800;

const check = {
  negotiationRequest: checkOf(transferSchemas.chattrnegrequ),
  negotiationResponse: checkOf(transferSchemas.chattrnegresp),
  executionRequest: checkOf(transferSchemas.chattrexerequ),
  executionResponse: checkOf(transferSchemas.chattrexeresp),
};

/** Each reader gives the value with the members of the schema alone, or all that is wrong as pointers and words. */
export function readNegotiationRequest(value: unknown): Result<NegotiationRequest, string[]> {
  return read<NegotiationRequest>(value, check.negotiationRequest, (v) => ({
    CallId: v.CallId,
    TransferFrom: v.TransferFrom,
    TransferTo: v.TransferTo,
    ...(v.ReasonText !== undefined && { ReasonText: v.ReasonText.slice(0, maxReasonLength) }),
  }));
}

export function readNegotiationResponse(value: unknown): Result<NegotiationResponse, string[]> {
  return read<NegotiationResponse>(value, check.negotiationResponse, (v) => ({
    CallId: v.CallId,
    ExpiryTime: Math.min(v.ExpiryTime, longestExpirySeconds),
    StatusCode: v.StatusCode,
  }));
}

export function readExecutionRequest(value: unknown): Result<ExecutionRequest, string[]> {
  return read<ExecutionRequest>(value, check.executionRequest, (v) => ({
    CallId: v.CallId,
    MessageId: v.MessageId,
    ExpiryTime: Math.min(v.ExpiryTime, longestExpirySeconds),
    ...(v.Data !== undefined && { Data: v.Data }),
  }));
}

export function readExecutionResponse(value: unknown): Result<ExecutionResponse, string[]> {
  return read<ExecutionResponse>(value, check.executionResponse, (v) => ({
    CallId: v.CallId,
    StatusCode: v.StatusCode,
  }));
}

function read<T extends { readonly CallId: string }>(
  value: unknown,
  problemsOf: (value: unknown) => string[],
  keep: (value: T) => T,
): Result<T, string[]> {
  const problems = problemsOf(value);
  if (problems.length > 0) return err(problems);
  const kept = keep(value as T);
  const tooLong = Object.entries(bounds).flatMap(([member, bound]) => {
    const text = (kept as unknown as Record<string, unknown>)[member];
    return typeof text === 'string' && text.length > bound
      ? [`/${member}: has more than ${bound} characters`]
      : [];
  });
  if ('MessageId' in kept && !Number.isSafeInteger(kept.MessageId)) tooLong.push('/MessageId: is too large');
  return tooLong.length > 0 ? err(tooLong) : ok(kept);
}

const bounds = {
  CallId: maxCallIdLength,
  TransferFrom: maxUriLength,
  TransferTo: maxUriLength,
} as const;

/** Octets as JSON text. `undefined` where they are none, or not UTF-8. */
export function parseJson(octets: Uint8Array): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets)) as unknown };
  } catch {
    return undefined;
  }
}
