import { type Result, err, messageOf, ok } from '@esinet/kernel';

export type StateRefusal = { readonly code: string; readonly status: number; readonly message: string };

/** One line of what a router knows. */
export interface KnownLine {
  readonly kind: 'element' | 'service' | 'queue';
  readonly origin: string;
  readonly heardAt?: string;
  readonly state: Readonly<Record<string, unknown>>;
}

/** Milliseconds for one answer. */
const timeoutMs = 5_000;

/** What a router knows of all states. Nothing is thrown. */
export async function knownStates(url: string): Promise<Result<readonly KnownLine[], StateRefusal>> {
  const answer = await ask(`${url.replace(/\/$/, '')}/api/states`, 'GET');
  if (!answer.ok) return answer;
  const { states } = answer.value as { states?: unknown };
  return ok(Array.isArray(states) ? (states as KnownLine[]) : []);
}

/** Tells a PSAP what to say of itself. Nothing is thrown. */
export function setState(url: string, body: object): Promise<Result<unknown, StateRefusal>> {
  return ask(`${url.replace(/\/$/, '')}/api/state`, 'PUT', body);
}

async function ask(url: string, method: string, body?: object): Promise<Result<unknown, StateRefusal>> {
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    const value = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    if (response.ok) return ok(value);
    const message = typeof value['detail'] === 'string' ? value['detail'] : `HTTP status ${response.status}`;
    return err({ code: String(value['code'] ?? 'http'), status: response.status, message });
  } catch (error) {
    return err({ code: 'unreachable', status: 0, message: messageOf(error) });
  }
}
