import { countingIds, silentLogger, systemClock } from '@esinet/kernel';
import { writeCallInfo } from '@esinet/lmpe';
import {
  MemoryRecords,
  type Fence,
  type ListOptions,
  type RecordWrite,
  type Records,
  RecordsError,
  type StoredRecord,
  type WriteOutcome,
} from '@esinet/platform';
import {
  type SipMessage,
  type UacOutcome,
  type UasAnswer,
  UserAgent,
  createSipStack,
  parseDatagram,
  serverLocator,
} from '@esinet/sip';
import { until } from '@esinet/testing';

export const callId = 'urn:emergency:uid:callid:0123456789a:app.lab';

/** The far side on UDP: a SIP user agent that says what it is told to say. */
export class Caller {
  readonly received: SipMessage[] = [];
  answer: (request: SipMessage) => UasAnswer = () => ({ status: 200 });
  readonly #stack = createSipStack({
    listeners: [{ name: 'caller', transport: 'udp', host: '127.0.0.1', port: 0 }],
    clock: systemClock,
    logger: silentLogger,
  });
  #agent: UserAgent | undefined;
  #ids = countingIds(`c${Math.floor(performance.now())}`);

  async start(): Promise<number> {
    await this.#stack.start();
    this.#agent = new UserAgent({
      transactions: this.#stack.transactions,
      locator: serverLocator({ table: [], clock: systemClock, timeoutMs: 500, preferred: ['udp'] }),
      clock: systemClock,
      ids: this.#ids,
      logger: silentLogger,
      onRequest: (request) => {
        const copy = parseDatagram(Buffer.from(request.bytes));
        if (copy.kind === 'message') this.received.push(copy.message);
        return this.answer(request);
      },
    });
    return this.#stack.transport.listeners()[0]?.port ?? 0;
  }

  async send(
    port: number,
    o: {
      uri?: string;
      route?: string;
      from?: string;
      headers?: readonly (readonly [string, string])[];
      body?: string | Buffer;
      contentType?: string;
      callInfo?: readonly string[];
    } = {},
  ): Promise<number> {
    const outcome: UacOutcome | undefined = await this.#agent?.send({
      method: 'MESSAGE',
      uri: o.uri ?? 'urn:service:sos',
      from: o.from ?? 'sip:ana@provider.lab',
      to: 'urn:service:sos',
      headers: [...(o.callInfo ?? []).map((value) => ['Call-Info', value] as const), ...(o.headers ?? [])],
      body: o.body ?? 'help',
      contentType: o.contentType ?? 'text/plain; charset=utf-8',
      ...(o.route !== undefined && { routes: [o.route] }),
      destination: { transport: 'udp', address: '127.0.0.1', port },
    });
    return outcome?.kind === 'response' ? outcome.message.status : 0;
  }

  /** Waits for the nth request. */
  async request(n: number): Promise<SipMessage> {
    return until(() => this.received[n - 1]);
  }

  close(): Promise<void> {
    return this.#stack.stop();
  }
}

/** Call-Info values of a message of the APP. */
export function identify(messageType: number, messageId?: number, id = callId): string[] {
  return writeCallInfo({
    callId: id,
    messageType,
    element: 'app.lab',
    ...(messageId !== undefined && { messageId }),
  });
}

/** A disk that fails when told to, or keeps one waiting. */
export class TryingRecords implements Records {
  readonly exclusive = true;
  readonly inner = new MemoryRecords();
  failing = false;
  gate: Promise<void> | undefined;

  async append(collection: string, key: string, value: unknown): Promise<'stored' | 'duplicate'> {
    await this.#pass();
    return this.inner.append(collection, key, value);
  }

  async put(collection: string, key: string, value: unknown): Promise<void> {
    await this.#pass();
    return this.inner.put(collection, key, value);
  }

  get(collection: string, key: string): Promise<unknown> {
    return this.inner.get(collection, key);
  }

  list(collection: string, options?: ListOptions): Promise<StoredRecord[]> {
    return this.inner.list(collection, options);
  }

  async write(writes: readonly RecordWrite[], fence?: Fence): Promise<WriteOutcome[]> {
    await this.#pass();
    return this.inner.write(writes, fence);
  }

  async claim(name: string): Promise<Fence> {
    await this.#pass();
    return this.inner.claim(name);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #pass(): Promise<void> {
    await this.gate;
    if (this.failing) throw new RecordsError('full', 'the disk is full');
  }
}
