import { createHash } from 'node:crypto';
import { errorCodes, writeResponseMessage } from '@esinet/handover';
import type { Finding } from './agreement.js';
import type { AuthorityDesk, OrderedError, Reception } from './authority-desk.js';
import type { Evidence } from './evidence.js';
import type { AnnouncedObject } from './object-book.js';

/** A document that came, as the summary names it. */
export interface ReceivedDocument {
  /** From the folder of evidence on. */
  readonly file: string;
  readonly transactionId?: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly objects: Reception['objects'];
  /** Error of the whole document. */
  readonly code?: number;
}

/** What happens here, for lines that people read and for tests that wait. */
export type SimulatorEvent =
  | { readonly kind: 'document'; readonly document: ReceivedDocument; readonly reception: Reception }
  | { readonly kind: 'object'; readonly object: AnnouncedObject; readonly how: 'posted' | 'fetched' }
  | { readonly kind: 'object-refused'; readonly id: string; readonly status: number; readonly why: string }
  | {
      readonly kind: 'fetch-failed';
      readonly object: AnnouncedObject;
      readonly why: string;
      readonly attempt: number;
    }
  | { readonly kind: 'fault'; readonly fault: string }
  | { readonly kind: 'stranger'; readonly fingerprint: string };

/** Puts what the desk takes on disk before anybody is told, and remembers what it was. */
export class Intake {
  readonly documents: ReceivedDocument[] = [];
  readonly findings: Finding[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly o: {
      readonly desk: AuthorityDesk;
      readonly evidence: Evidence;
      readonly happened: (event: SimulatorEvent) => void;
    },
  ) {}

  /** One document after the other. The answer's octets; rejects where nothing can be written. */
  document(bytes: Buffer, ordered?: OrderedError): Promise<{ reception: Reception; answer: string }> {
    const receive = async (): Promise<{ reception: Reception; answer: string }> => {
      const reception = this.o.desk.receive(bytes, ordered);
      await this.#keep(bytes, reception);
      return { reception, answer: writeResponseMessage(reception.answer) };
    };
    const turn = this.#turn.then(receive, receive);
    this.#turn = turn;
    return turn;
  }

  /** Octets of an object; what is wrong with them, or undefined. */
  async object(
    id: string,
    octets: Buffer,
    o: { readonly contentType: string | undefined; readonly how: 'posted' | 'fetched' },
  ): Promise<string | undefined> {
    const { desk, evidence } = this.o;
    const problem = desk.objects.came(id, octets, o.contentType);
    const file = await evidence.object(id, octets, problem === undefined);
    const sha256 = digestOf(octets);
    await evidence.line('object', { id, file, octets: octets.length, sha256, how: o.how, problem });
    if (problem !== undefined) this.findings.push(objectFinding(id, problem));
    const object = desk.objects.get(id);
    if (object) this.o.happened({ kind: 'object', object, how: o.how });
    return problem;
  }

  async note(finding: Finding): Promise<void> {
    this.findings.push(finding);
    await this.o.evidence.line('finding', { ...finding });
  }

  /** What an earlier run took, from its files: documents are there once, however often we are started. */
  async restore(): Promise<void> {
    const { desk, evidence } = this.o;
    for (const line of await evidence.lines()) {
      if (line.what === 'finding') this.findings.push(line as unknown as Finding);
      if (line.what === 'object' && line['problem'] !== undefined) {
        this.findings.push(objectFinding(String(line['id']), String(line['problem'])));
      }
      if (line.what !== 'document') continue;
      const {
        at: _,
        what: __,
        taken,
        ...document
      } = line as unknown as ReceivedDocument & {
        readonly at: string;
        readonly what: string;
        readonly taken: readonly string[];
      };
      this.documents.push(document);
      if (taken.length === 0) continue;
      const { findings } = desk.receive(await evidence.read(document.file), new Set(taken));
      this.findings.push(...findings);
    }
    for (const { id, announced } of desk.objects.all()) {
      const octets = await evidence.readObject(id);
      if (octets) desk.objects.came(id, octets, announced.contentType);
    }
  }

  async #keep(bytes: Buffer, reception: Reception): Promise<void> {
    const { evidence, happened } = this.o;
    const { objects, refused, transactionId, findings } = reception;
    const taken = objects.filter(({ code }) => code === 0).map(({ objectId }) => objectId);
    const name = transactionId ?? 'unreadable';
    const file = await evidence.document(bytes, { name, taken: taken.length > 0 });
    const document: ReceivedDocument = {
      ...{ file, bytes: bytes.length, sha256: digestOf(bytes), objects },
      ...(transactionId !== undefined && { transactionId }),
      ...(refused && { code: refused.code }),
    };
    await evidence.line('document', { ...document, taken });
    this.documents.push(document);
    this.findings.push(...findings);
    if (this.#differs(document)) {
      const message = 'a repetition is not the same in every octet';
      await this.note({ kind: 'other-bytes', message, transactionId: name });
    }
    happened({ kind: 'document', document, reception });
  }

  /** A repetition has to be what came before, octet by octet. */
  #differs({ transactionId, sha256, objects }: ReceivedDocument): boolean {
    return (
      objects.some(({ code }) => code === errorCodes.objectExists) &&
      this.documents.some((each) => each.transactionId === transactionId && each.sha256 !== sha256)
    );
  }
}

function objectFinding(id: string, problem: string): Finding {
  return { kind: 'object', message: `${id}: ${problem}` };
}

export function digestOf(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}
