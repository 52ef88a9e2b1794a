import { createHash } from 'node:crypto';
import { type Clock, type IdSource, type Logger, isoTime, messageOf } from '@esinet/kernel';
import {
  MessageType,
  Outbox,
  type OutgoingMessage,
  type SendOutcome,
  isDelivered,
  isKeepAlive,
  messageKind,
  newCallId,
} from '@esinet/lmpe';
import type { Records } from '@esinet/platform';
import type { Centre } from '../centre.js';
import type { IncomingMessage } from '../incoming-message.js';
import type { LocationLook } from '../location-look.js';
import { locationWords } from '../reading/location-words.js';
import type { TestsConfig } from './test-config.js';
import { type KnownTest, TestLog, type TestRecord, isTestRecord, testsCollection } from './test-log.js';

export interface TestDeskOptions {
  readonly config: TestsConfig;
  /** Name this element gives itself in the identifiers it makes. */
  readonly element: string;
  readonly centre: (id: string) => Centre | undefined;
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  /** Fetches a location with the credentials for tests. */
  readonly look: LocationLook | undefined;
  readonly send: (
    from: { readonly callId: string; readonly centreUri: string },
    message: OutgoingMessage,
  ) => Promise<SendOutcome>;
  readonly attempts: number;
  readonly firstPauseMs: number;
  /** Test calls are counted, but not among the calls of people. */
  readonly onTest: (what: {
    readonly centre: string;
    readonly outcome: 'answered' | 'refused' | 'undelivered';
  }) => void;
}

/** Records read at a time. */
const page = 500;

/**
 * Test calls (TS 103 698 6.1.2.10, RFC 6881 15), apart from all chats: the caller gets a 200 and one message that ends
 * the test and says who was reached, for which service and from where. No person ever sees one. Who tested when, and
 * what is still to be answered, is on disk.
 */
export class TestDesk {
  readonly #log: TestLog;
  /** Tests being recorded, by their key: their copies wait for the same answer. */
  readonly #recording = new Map<string, Promise<number>>();
  readonly #outboxes = new Set<Outbox>();
  #closed = false;

  constructor(private readonly o: TestDeskOptions) {
    this.#log = new TestLog(o.config);
  }

  /** Whether a message belongs to a test chat rather than to a chat of people. */
  owns(message: IncomingMessage): boolean {
    if (message.test) return true;
    const { callId } = message.identifiers;
    // Whoever asks for a real service means it, whatever the identifiers say.
    return (
      message.service === undefined &&
      callId !== undefined &&
      this.#log.of(callId, message.sender) !== undefined
    );
  }

  /** Status of the answer. A copy of a test is answered as the test was. Never rejects. */
  async take(message: IncomingMessage, centre: Centre): Promise<number> {
    const { clock, ids, element, onTest } = this.o;
    const given = message.identifiers.callId;
    const known = given === undefined ? undefined : this.#log.of(given, message.sender);
    const key = `${given ?? message.reference}\n${message.sender}`;
    const recording = this.#recording.get(key);
    if (recording) return recording;
    if (known) return goesOn(message);
    const caller = message.caller ?? message.sender;
    const now = clock.wall();
    if (caller === '' || !this.#log.admits(caller, now)) {
      onTest({ centre: centre.id, outcome: 'refused' });
      return 486;
    }
    const test: KnownTest = {
      callId: given ?? newCallId(ids, element),
      caller,
      sender: message.sender,
      at: now,
    };
    this.#log.note(test);
    const recorded = this.#record(test, message, centre).finally(() => this.#recording.delete(key));
    this.#recording.set(key, recorded);
    return recorded;
  }

  /** What was tested before the process ended counts, and what was not answered is. */
  async restore(): Promise<void> {
    const now = this.o.clock.wall();
    const since = isoTime(now - this.#log.rememberedMs);
    const found: TestRecord[] = [];
    for (let after: string | undefined; ;) {
      const records = await this.o.records.list(testsCollection, {
        reverse: true,
        limit: page,
        ...(after !== undefined && { after }),
      });
      const recent = records.filter(({ key }) => key >= since);
      for (const { value } of recent) if (isTestRecord(value)) found.push(value);
      after = records.at(-1)?.key;
      if (recent.length < page) break;
    }
    for (const record of found.reverse()) {
      const { callId, caller, sender } = record;
      this.#log.note({ callId, caller, sender, at: Date.parse(record.at) });
      if (record.answer === 'pending') this.#answer(record);
    }
  }

  /** Newest first. */
  async list(limit: number): Promise<TestRecord[]> {
    const records = await this.o.records.list(testsCollection, { reverse: true, limit });
    return records.map(({ value }) => value).filter(isTestRecord);
  }

  close(): void {
    this.#closed = true;
    for (const outbox of this.#outboxes) outbox.close();
  }

  async #record(test: KnownTest, message: IncomingMessage, centre: Centre): Promise<number> {
    const { pidfLo, references } = message.location;
    const at = isoTime(test.at);
    const id = createHash('sha256')
      .update(`${test.callId}\n${test.sender}\n${at}`)
      .digest('base64url')
      .slice(0, 22);
    const record: TestRecord = {
      version: 1,
      test: id,
      at,
      centre: centre.id,
      callId: test.callId,
      caller: test.caller,
      sender: test.sender,
      asked: message.asked ?? '',
      ...(pidfLo && { words: locationWords(pidfLo) }),
      ...(references[0] !== undefined && { reference: references[0] }),
      answer: 'pending',
    };
    try {
      await this.o.records.put(testsCollection, keyOf(record), record);
    } catch (error) {
      this.#log.forget(test);
      this.o.logger.error('test call not stored', { reason: messageOf(error) });
      return 500;
    }
    // TS 103 698 6.2.2: the 200 goes first.
    setImmediate(() => this.#answer(record));
    return 200;
  }

  #answer(record: TestRecord): void {
    void this.#send(record).catch((error: unknown) => {
      this.o.logger.error('test call not answered', { callId: record.callId, reason: messageOf(error) });
    });
  }

  async #send(record: TestRecord): Promise<void> {
    const { centre: centreOf, clock, attempts, firstPauseMs, send, onTest } = this.o;
    const centre = centreOf(record.centre);
    const where = await this.#where(record);
    if (!centre || this.#closed) return;
    const from = { callId: record.callId, centreUri: centre.uri };
    const outbox = new Outbox({
      send: (message) => send(from, message),
      clock,
      attempts,
      firstPauseMs,
      onOutcome: (_, outcome) => {
        this.#outboxes.delete(outbox);
        const delivered = isDelivered(outcome);
        onTest({ centre: centre.id, outcome: delivered ? 'answered' : 'undelivered' });
        void this.#answered(record, delivered);
      },
    });
    this.#outboxes.add(outbox);
    outbox.push({
      to: record.caller,
      messageType: MessageType.stop,
      messageId: 1,
      text: testAnswer(centre.name, record.asked, where),
      keepAlive: false,
    });
  }

  /** RFC 6881 ED-78: a location by reference is answered by value. */
  async #where({ words, reference }: TestRecord): Promise<string> {
    if (words !== undefined) return words;
    if (reference === undefined) return 'no location';
    const found = await this.o.look?.(reference).catch(() => undefined);
    return found?.words ?? 'location by reference, which could not be fetched';
  }

  async #answered(record: TestRecord, delivered: boolean): Promise<void> {
    try {
      const answer = delivered ? 'delivered' : 'failed';
      await this.o.records.put(testsCollection, keyOf(record), { ...record, answer });
    } catch (error) {
      this.o.logger.warn('delivery not recorded', { callId: record.callId, reason: messageOf(error) });
    }
  }
}

/** TS 103 698 6.1.2.10: name of the PSAP, service received and location, a line each. */
export function testAnswer(name: string, asked: string, where: string): string {
  return [name, asked, where].map((line) => line.split(/[\r\n]+/).join(' ')).join('\r\n');
}

/** What comes after a test: its copies, and an APP that goes on. A text is refused, or its writer thought it was read. */
function goesOn(message: IncomingMessage): number {
  const kind = messageKind(message.identifiers.messageType);
  if (kind === 'start' || kind === 'start-redirect' || isKeepAlive(kind) || kind === 'stop') return 200;
  return message.text === undefined || message.text === '' ? 200 : 486;
}

function keyOf(record: TestRecord): string {
  return `${record.at}/${record.test}`;
}
