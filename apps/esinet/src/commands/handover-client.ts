import { type Result, err, httpExchange, ok } from '@esinet/kernel';

/** Why the desk did not do it. */
export interface DeskProblem {
  /** 0: there was no answer. */
  readonly status: number;
  readonly detail: string;
  /** Why not now, as the desk calls it. */
  readonly refusal?: string;
  /** What is wrong with what was sent, by its member. */
  readonly problems: readonly { readonly member: string; readonly problem: string }[];
}

export type DeskAnswer<T> = Result<T, DeskProblem>;

const timeoutMs = 60_000;
const maxBytes = 64 * 1_048_576;

/** The desk's REST interface in somebody's name. Nothing is thrown, nothing is read twice. */
export class HandoverClient {
  constructor(
    readonly url: string,
    private readonly token: string,
  ) {}

  get<T>(path: string): Promise<DeskAnswer<T>> {
    return this.#json('GET', path);
  }

  post<T>(path: string, body: object = {}): Promise<DeskAnswer<T>> {
    return this.#json('POST', path, { type: 'application/json', octets: JSON.stringify(body) });
  }

  put<T>(path: string, body: object): Promise<DeskAnswer<T>> {
    return this.#json('PUT', path, { type: 'application/json', octets: JSON.stringify(body) });
  }

  postXml<T>(path: string, octets: Buffer): Promise<DeskAnswer<T>> {
    return this.#json('POST', path, { type: 'text/xml', octets });
  }

  /** The octets as they are. */
  async octets(path: string): Promise<DeskAnswer<Buffer>> {
    return this.#ask('GET', path);
  }

  async #json<T>(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: { readonly type: string; readonly octets: string | Buffer },
  ): Promise<DeskAnswer<T>> {
    const answer = await this.#ask(method, path, body);
    if (!answer.ok) return answer;
    const value = jsonOf(answer.value);
    return value === undefined && answer.value.length > 0
      ? err({ status: 200, detail: 'the answer is no JSON: is this the hand-over desk?', problems: [] })
      : ok(value as T);
  }

  async #ask(
    method: 'GET' | 'POST' | 'PUT',
    path: string,
    body?: { readonly type: string; readonly octets: string | Buffer },
  ): Promise<DeskAnswer<Buffer>> {
    const url = `${this.url.replace(/\/$/, '')}/api/handover${path}`;
    if (!URL.canParse(url)) return err({ status: 0, detail: `${this.url} is no URL`, problems: [] });
    const answer = await httpExchange({
      ...{ method, url, timeoutMs, maxBytes },
      headers: {
        Authorization: `Bearer ${this.token}`,
        ...(body && { 'Content-Type': body.type }),
      },
      ...(body && { body: body.octets }),
    });
    if (!answer.ok) return err({ status: 0, detail: answer.error.message, problems: [] });
    const { status, body: octets } = answer.value;
    return status >= 200 && status < 300 ? ok(octets) : err(problemOf(status, octets));
  }
}

/** RFC 9457, with what the desk adds to it. */
function problemOf(status: number, octets: Buffer): DeskProblem {
  const { detail, title, refusal, problems } = (jsonOf(octets) ?? {}) as Record<string, unknown>;
  const said = [detail, title].find((each) => typeof each === 'string' && each !== '');
  return {
    status,
    detail: typeof said === 'string' ? said : `HTTP status ${status}`,
    ...(typeof refusal === 'string' && { refusal }),
    problems: Array.isArray(problems) ? (problems as DeskProblem['problems']) : [],
  };
}

function jsonOf(octets: Buffer): unknown {
  try {
    return JSON.parse(octets.toString('utf8'));
  } catch {
    return undefined;
  }
}
