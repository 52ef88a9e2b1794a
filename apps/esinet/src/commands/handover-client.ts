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

export interface DeskAuthority {
  readonly id: string;
  readonly name: string;
  readonly deliveryUrl: string;
  readonly objectsUrl?: string;
  readonly certificates: readonly string[];
  readonly profile: {
    readonly specification: string;
    readonly reference: string;
    readonly binary: string;
    readonly etsiVersion: string;
    readonly collections: boolean;
  };
  readonly paused?: string;
}

export interface DeskSeal {
  readonly id: string;
  readonly transactionId: string;
  readonly digest: string;
  readonly bytes: number;
  readonly items: number;
  readonly objects: readonly {
    readonly id: string;
    readonly contentType: string;
    readonly bytes: number;
    readonly digest: string;
  }[];
}

/** What is told of every case, closed ones too. */
export interface DeskCaseHead {
  readonly id: string;
  readonly phase: string;
  readonly authority?: string;
  readonly reference?: string;
  readonly createdAt: string;
}

/** A case as the desk shows it; of a closed one only the head is left. */
export interface DeskCase extends DeskCaseHead {
  readonly createdBy?: string;
  readonly reviewedBy?: string;
  readonly authorisation?: {
    readonly reference: { readonly kind: string; readonly value: string };
    readonly authority: string;
    readonly legalReference: string;
    /** How many, to those whom the names are not for. */
    readonly selectors: number | readonly { readonly kind: string; readonly value: string }[];
    readonly categories: readonly string[];
    readonly range: { readonly from: string; readonly until: string };
    readonly validity: { readonly from: string; readonly until: string };
    readonly includeTests?: boolean;
    readonly reviewBatches?: boolean;
    /** Records are handed over as they come: what is approved is the order itself. */
    readonly running?: boolean;
  };
  /** TS 103 707 D.4; the salt is told once, when the case is made. */
  readonly hash?: {
    readonly algorithm: string;
    readonly construct: string;
    readonly salt?: string;
    readonly digest: string;
  };
  /** What an approval is for. */
  readonly digest?: string;
  readonly seals?: readonly DeskSeal[];
  readonly approvals?: readonly { readonly by: string; readonly at: string; readonly of: string }[];
}

/** One message of a snapshot as a reviewer sees it. */
export interface DeskMessage {
  readonly index: number;
  readonly scope: string;
  readonly callId?: string;
  readonly direction?: string;
  readonly kind?: string;
  readonly sender?: string;
  readonly time?: string;
  readonly text?: string;
  readonly parts?: readonly {
    readonly index?: number;
    readonly contentType: string;
    readonly bytes?: number;
  }[];
  readonly location?: {
    readonly conveyed?: string;
    readonly point?: { readonly latitude: string; readonly longitude: string };
    readonly uncertainty?: number;
    readonly method?: string;
    readonly time?: string;
    readonly uri?: string;
  };
  readonly withheld?: readonly { readonly what: string; readonly reason: string; readonly part?: number }[];
}

export interface DeskDelivery {
  readonly number: number;
  readonly kind: string;
  readonly id: string;
  readonly bytes: number;
  readonly state: string;
  readonly attempts: number;
  readonly notBefore: string;
  readonly reason?: string;
}

export interface DeskAuditEntry {
  readonly number?: number;
  readonly at?: string;
  readonly what?: string;
  readonly who?: string;
  readonly case?: string;
  readonly authority?: string;
  readonly outcome?: string;
  readonly counts?: Readonly<Record<string, number>>;
}

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
