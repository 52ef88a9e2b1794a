import type { Agent } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { HttpsAgent, httpExchange } from '@esinet/kernel';
import {
  type ListOptions,
  RecordsError,
  type RecordsReader,
  type StoredRecord,
  type TlsOptions,
} from '@esinet/platform';
import { z } from 'zod';

/** Largest answer: a page of 8 MiB and the record that went over it. */
const maxAnswerBytes = 48 * 1_048_576;
const defaultLimit = 1_000;

const pageSchema = z.object({
  records: z.array(z.object({ key: z.string(), value: z.unknown() })),
  more: z.boolean(),
});

/** The records of a chat service, pulled from its listener: it knows of no way to us. Rejects with RecordsError. */
export class PullView implements RecordsReader {
  readonly #agent: HttpsAgent;

  constructor(
    private readonly o: {
      /** Ends with `/records/`. */
      readonly url: string;
      readonly serverName?: string | undefined;
      readonly timeoutMs: number;
      readonly tls: TlsOptions;
    },
  ) {
    const { serverName } = o;
    this.#agent = new HttpsAgent(
      {
        ...{ keepAlive: true, maxSockets: 4, minVersion: 'TLSv1.2', ciphers: 'DEFAULT@SECLEVEL=2' },
        ...(serverName !== undefined && {
          checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
        }),
      },
      o.tls,
    );
  }

  async get(collection: string, key: string): Promise<unknown> {
    const body = await this.#ask(collection, { key });
    return body === undefined ? undefined : parsed(body);
  }

  /** All that was asked for, however many pages it takes: a short list means that there is no more. */
  async list(collection: string, options: ListOptions = {}): Promise<StoredRecord[]> {
    const { prefix, limit = defaultLimit, reverse = false } = options;
    const found: StoredRecord[] = [];
    for (let after = options.after; found.length < limit;) {
      const body = await this.#ask(collection, {
        ...(prefix !== undefined && { prefix }),
        ...(after !== undefined && { after }),
        limit: String(Math.min(defaultLimit, limit - found.length)),
        ...(reverse && { reverse: 'true' }),
      });
      const page = pageSchema.safeParse(body === undefined ? undefined : parsed(body));
      if (!page.success) throw new RecordsError('io', 'the records view answered something else');
      found.push(...page.data.records);
      const last = page.data.records.at(-1)?.key;
      if (!page.data.more || last === undefined) break;
      after = last;
    }
    return found;
  }

  async check(): Promise<string | undefined> {
    try {
      await this.list('chats', { limit: 1 });
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : 'the records view fails';
    }
  }

  close(): Promise<void> {
    this.#agent.destroy();
    return Promise.resolve();
  }

  /** Undefined: there is no such record. */
  async #ask(collection: string, query: Readonly<Record<string, string>>): Promise<Buffer | undefined> {
    const url = new URL(
      `${encodeURIComponent(collection)}?${new URLSearchParams(query).toString()}`,
      this.o.url,
    );
    const answer = await httpExchange({
      ...{ method: 'GET', url: url.href, agent: this.#agent as Agent },
      ...{ timeoutMs: this.o.timeoutMs, maxBytes: maxAnswerBytes },
    });
    if (!answer.ok) {
      throw new RecordsError('unreachable', `the records view at ${url.host} fails: ${answer.error.code}`);
    }
    const { status, body } = answer.value;
    if (status === 200) return body;
    if (status === 404 && query['key'] !== undefined) return undefined;
    const code = status === 403 || status === 404 ? 'refused' : 'unreachable';
    throw new RecordsError(code, `the records view at ${url.host} answered ${status}`);
  }
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new RecordsError('io', 'the records view answered something else');
  }
}
