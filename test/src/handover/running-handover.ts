import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { handoverConfigSchema, startHandover, tokenDigest } from '@esinet/element-handover';
import { type Clock, HttpsAgent, httpExchange, systemClock } from '@esinet/kernel';
import {
  LevelRecords,
  MemoryRecords,
  type RunningElement,
  type TlsOptions,
  createLogger,
} from '@esinet/platform';
import { type CertificateAuthority, certificateAuthority, temporaryFolder } from '@esinet/testing';
import { onTestFinished } from 'vitest';
import { FarAuthority } from './far-authority.js';
import { type RecordedChat, recordChat } from './recorded-chats.js';

const people = {
  clerk: ['handover-clerk'],
  reviewer: ['handover-reviewer'],
  approver1: ['approver'],
  approver2: ['approver'],
  admin: ['administrator'],
  auditor: ['auditor'],
} as const;

export type Name = keyof typeof people;

/** What the desk answered. */
export interface DeskAnswer {
  readonly status: number;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A hand-over over real records and TLS, with an authority at the other end, and all it logs. */
export class RunningHandover {
  readonly lines: string[] = [];
  /** Every answer of the desk so far. */
  readonly answers: DeskAnswer[] = [];
  /** Which collections of the chat service were read, by which way. */
  readonly reads = new Set<string>();

  private constructor(
    readonly ca: CertificateAuthority,
    readonly own: TlsOptions,
    readonly theirs: TlsOptions,
    readonly far: FarAuthority,
    readonly data: string,
    readonly clock: { ms: number },
  ) {}

  #running: RunningElement | undefined;
  #records: LevelRecords | undefined;

  static async start(
    chats: readonly RecordedChat[],
    o: { readonly far?: (ca: CertificateAuthority) => Promise<TlsOptions> } = {},
  ): Promise<RunningHandover> {
    const ca = await certificateAuthority('Lab');
    const own = await ca.issue({ names: ['IP:127.0.0.1', 'DNS:handover.esinet.lab'] });
    const theirs = await ca.issue({ names: ['IP:127.0.0.1'] });
    const far = await FarAuthority.open(o.far ? await o.far(ca) : theirs);
    onTestFinished(() => far.close());
    const data = temporaryFolder('handover');
    const started = new RunningHandover(ca, own, theirs, far, data, {
      ms: Date.parse('2026-03-06T10:00:00Z'),
    });
    const stored = new MemoryRecords();
    for (const chat of chats) await recordChat(stored, chat);
    await started.#start(stored);
    return started;
  }

  async #start(chats: MemoryRecords): Promise<void> {
    this.#records = await LevelRecords.open(join(this.data, 'records'));
    const config = handoverConfigSchema.parse({
      ...{
        http: { port: 0 },
        public: { port: 0 },
        objects: { refusalMs: 0 },
        vault: { masterKey: '5a'.repeat(32) },
      },
      people: Object.entries(people).map(([name, roles]) => ({
        name,
        roles: [...roles],
        tokenSha256: tokenDigest(`t-${name}`),
      })),
      delivery: { firstPauseMs: 10, mostPauseMs: 20, everyMs: 20, timeoutMs: 2_000, continueMs: 2_000 },
    });
    const began = performance.now();
    const clock: Clock = { ...systemClock, wall: () => this.clock.ms + performance.now() - began };
    const logger = createLogger({
      level: 'debug',
      format: 'json',
      write: (line) => void this.lines.push(line),
    });
    const read = <T>(way: string, collection: string, what: Promise<T>): Promise<T> => {
      this.reads.add(`${way} ${collection}`);
      return what;
    };
    this.#running = await startHandover(
      config,
      { records: this.#records, clock, logger, dataFolder: this.data },
      {
        tls: this.own,
        chats: {
          get: (collection, key) => read('get', collection, chats.get(collection, key)),
          list: (collection, options) => read('list', collection, chats.list(collection, options)),
          check: () => Promise.resolve(undefined),
          close: () => Promise.resolve(),
        },
      },
    );
    onTestFinished(() => this.stop());
  }

  get desk(): string {
    return `http://127.0.0.1:${this.#running?.http.port ?? 0}`;
  }

  get publicPort(): number {
    return this.#running?.secure?.port ?? 0;
  }

  get records(): LevelRecords {
    if (!this.#records) throw new Error('it runs');
    return this.#records;
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    await this.#records?.close().catch(() => undefined);
    this.#running = undefined;
  }

  async ask(name: Name | undefined, method: string, path: string, body?: unknown): Promise<DeskAnswer> {
    const response = await fetch(`${this.desk}/api/handover/${path}`, {
      method,
      headers: {
        ...(name !== undefined && { authorization: `Bearer t-${name}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const answer = {
      status: response.status,
      text,
      json: (isJson ? JSON.parse(text) : {}) as DeskAnswer['json'],
    };
    this.answers.push(answer);
    return answer;
  }

  /** Onboards the authority at the other end. */
  async onboard(profile: object = {}, more: object = {}): Promise<DeskAnswer> {
    return this.ask('admin', 'PUT', 'authorities/pj', {
      name: 'Policía Judicial (lab)',
      profile: {
        specification: '1.5.1',
        sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' },
        ...profile,
      },
      ...{ deliveryUrl: `${this.far.url}/hi1`, objectsUrl: `${this.far.url}/binaryData/` },
      ...{ certificates: [fingerprintOf(this.theirs)], ...more },
    });
  }

  /** A case up to its review: its id and what is to be approved. */
  async sealed(request: object): Promise<{ readonly id: string; readonly digest: string }> {
    const made = await this.ask('clerk', 'POST', 'cases', request);
    const id = String(made.json['id']);
    const frozen = await this.ask('clerk', 'POST', `cases/${id}/freeze`);
    const reviewed = await this.ask('reviewer', 'POST', `cases/${id}/review`, { decisions: [] });
    if (reviewed.status !== 200) throw new Error(`${made.text} ${frozen.text} ${reviewed.text}`);
    return { id, digest: String(reviewed.json['digest']) };
  }

  async approve(id: string, digest: string): Promise<void> {
    for (const name of ['approver1', 'approver2'] as const) {
      const answer = await this.ask(name, 'POST', `cases/${id}/approve`, { digest });
      if (answer.status !== 200) throw new Error(answer.text);
    }
  }

  async phase(id: string): Promise<string> {
    return String((await this.ask('clerk', 'GET', `cases/${id}`)).json['phase']);
  }

  /** What is sent to the side of authorities, by somebody with these credentials. */
  async outside(tls: TlsOptions | { readonly ca: string }, path: string, post?: Buffer, timeoutMs = 5_000) {
    const agent = new HttpsAgent({ keepAlive: false }, tls as TlsOptions);
    const answer = await httpExchange({
      ...{
        method: post ? 'POST' : 'GET',
        url: `https://127.0.0.1:${this.publicPort}${path}`,
        agent,
        timeoutMs,
      },
      ...(post && { body: post, headers: { 'content-type': 'text/xml' } }),
      maxBytes: 1_000_000,
    });
    agent.destroy();
    return answer;
  }
}

export function fingerprintOf({ cert }: Pick<TlsOptions, 'cert'>): string {
  return new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase();
}

export const order = {
  authority: 'pj',
  reference: { kind: 'LDID', value: 'ES-PJ-42' },
  legalReference: 'order 42/2026',
  selectors: [{ kind: 'uri', value: 'tel:+34600000001' }],
  categories: ['subscriber', 'traffic', 'content', 'location'],
  range: { from: '2026-03-04T08:00:00Z', until: '2026-03-04T09:00:00Z' },
  validity: { from: '2026-03-06T00:00:00Z', until: '2026-03-20T00:00:00Z' },
};
