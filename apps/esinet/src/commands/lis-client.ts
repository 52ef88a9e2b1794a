import { type Result, err, messageOf, ok } from '@esinet/kernel';

/** Why the LIS did not do it: `code` of its problem+json, or `unreachable`. */
export interface LisRefusal {
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly errors: readonly LisProblem[];
}

export interface LisProblem {
  readonly line?: number;
  readonly code?: string;
  readonly path: string;
  readonly message: string;
}

export interface LisLoadReport {
  readonly applied: boolean;
  readonly dryRun: boolean;
  readonly total: number;
  readonly created: number;
  readonly updated: number;
  readonly refused: number;
  readonly errors: readonly LisProblem[];
}

export interface LisPlace {
  readonly shape?: { readonly type: string; readonly [key: string]: unknown };
  readonly civic?: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly timestamp?: string;
  readonly expires?: string;
}

export interface LisDevice extends LisPlace {
  readonly id: string;
  readonly identifiers: readonly string[];
}

/** Milliseconds for one answer, and for a load, which the LIS has to read and keep. */
const TIMEOUT_MS = 5_000;
const LOAD_TIMEOUT_MS = 300_000;

/** The provisioning interface of a LIS. Nothing is thrown. */
export class LisClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  async devices(o: {
    readonly identifier?: string;
    readonly after?: string;
    readonly limit: number;
  }): Promise<Result<{ devices: readonly LisDevice[]; next?: string }, LisRefusal>> {
    const query = new URLSearchParams({ limit: String(o.limit) });
    if (o.identifier !== undefined) query.set('identifier', o.identifier);
    if (o.after !== undefined) query.set('after', o.after);
    return this.#ask('GET', `/api/devices?${query}`);
  }

  put(id: string, device: object): Promise<Result<LisDevice, LisRefusal>> {
    return this.#ask('PUT', `/api/devices/${encodeURIComponent(id)}`, JSON.stringify(device));
  }

  move(id: string, place: object): Promise<Result<unknown, LisRefusal>> {
    return this.#ask('PUT', `/api/devices/${encodeURIComponent(id)}/position`, JSON.stringify(place));
  }

  remove(id: string): Promise<Result<unknown, LisRefusal>> {
    return this.#ask('DELETE', `/api/devices/${encodeURIComponent(id)}`);
  }

  locationUris(
    id: string,
  ): Promise<
    Result<
      { locationUris: readonly { id: string; expires: string; uses?: number; snapshot: boolean }[] },
      LisRefusal
    >
  > {
    return this.#ask('GET', `/api/devices/${encodeURIComponent(id)}/location-uris`);
  }

  revoke(id: string, uri?: string): Promise<Result<unknown, LisRefusal>> {
    const one = uri === undefined ? '' : `/${encodeURIComponent(uri)}`;
    return this.#ask('DELETE', `/api/devices/${encodeURIComponent(id)}/location-uris${one}`);
  }

  load(
    text: string | Buffer,
    o: { readonly type: string; readonly partial: boolean; readonly dryRun: boolean },
  ): Promise<Result<LisLoadReport, LisRefusal>> {
    const query = `mode=${o.partial ? 'partial' : 'all'}&dryRun=${o.dryRun}`;
    return this.#ask('POST', `/api/load?${query}`, text, { type: o.type, timeoutMs: LOAD_TIMEOUT_MS });
  }

  async #ask<T>(
    method: string,
    path: string,
    body?: string | Buffer,
    o: { readonly type?: string; readonly timeoutMs?: number } = {},
  ): Promise<Result<T, LisRefusal>> {
    try {
      const response = await fetch(`${this.#url}${path}`, {
        method,
        signal: AbortSignal.timeout(o.timeoutMs ?? TIMEOUT_MS),
        ...(body === undefined
          ? {}
          : {
              body: typeof body === 'string' ? body : new Uint8Array(body),
              headers: { 'content-type': o.type ?? 'application/json' },
            }),
      });
      const text = await response.text();
      const value: unknown = text === '' ? undefined : JSON.parse(text);
      return response.ok ? ok(value as T) : err(refusalOf(response.status, value));
    } catch (error) {
      return err({ code: 'unreachable', status: 0, message: messageOf(error), errors: [] });
    }
  }
}

function refusalOf(status: number, value: unknown): LisRefusal {
  const { code, detail, errors } = (value ?? {}) as { code?: string; detail?: string; errors?: LisProblem[] };
  return {
    code: code ?? 'http',
    status,
    message: detail ?? `HTTP status ${status}`,
    errors: Array.isArray(errors) ? errors : [],
  };
}
