import { randomUUID } from 'node:crypto';
import {
  type ActionOutcome,
  type DeliverMessage,
  type DeliveryObject,
  type EndpointId,
  type ErrorInformation,
  type MessageHeader,
  type ResponseMessage,
  type ValidationProblem,
  defaultHandoverLimits,
  errorCodes,
  qualifiedMicroseconds,
  readMessage,
  unspecified,
} from '@esinet/handover';
import type { Clock, Result } from '@esinet/kernel';
import { type Agreement, type Finding, mostOctets } from './agreement.js';
import { headerFindings, isKnownEdition, objectFindings, objectRefusal } from './document-checks.js';
import { type AnnouncedObject, ObjectBook } from './object-book.js';
import { SequenceBook, nameOf } from './sequence-book.js';

/** One DeliveryObject of a document, and what became of it. */
export interface DeliveredObject {
  readonly objectId: string;
  readonly reference: string;
  readonly sequenceNumber?: number;
  readonly last: boolean;
  readonly items: number;
  /** 0: taken. Else the error of TS 103 120 Annex D; 3010 for what is here already. */
  readonly code: number;
}

/** What a document meant. */
export interface Reception {
  readonly answer: ResponseMessage;
  readonly transactionId?: string;
  readonly objects: readonly DeliveredObject[];
  /** Objects that are to come, or to be fetched. */
  readonly announced: readonly AnnouncedObject[];
  readonly findings: readonly Finding[];
  /** Where the whole of it is refused. */
  readonly refused?: ErrorInformation;
}

/** An error that is to be given whatever the document is, for tests: for all of it, for each action, or for the last. */
export interface OrderedError {
  readonly code: number;
  readonly where: 'whole' | 'each' | 'last';
}

/**
 * The receiving side of a hand-over: what a document means, and the answer to it. What was taken once is not taken again:
 * its ObjectIdentifier is answered 3010. No sockets, no files.
 */
export class AuthorityDesk {
  readonly objects = new ObjectBook();
  readonly sequences = new SequenceBook();
  readonly #taken = new Set<string>();

  constructor(
    private readonly o: {
      readonly agreement: Agreement;
      /** As the header of answers names us. */
      readonly name: EndpointId;
      readonly validate: (bytes: Uint8Array) => Result<undefined, readonly ValidationProblem[]>;
      readonly clock: Clock;
    },
  ) {}

  /** @param ordered an error to give, or which ObjectIdentifiers alone are to be taken: those of an earlier run */
  receive(bytes: Uint8Array, ordered?: OrderedError | ReadonlySet<string>): Reception {
    const { agreement, validate } = this.o;
    const read = readMessage(bytes, { ...defaultHandoverLimits, maxBytes: mostOctets });
    if (!read.ok) return this.#refused(read.error.header, read.error.code, read.error.message);
    const { value: message } = read;
    const { header } = message;
    // What was read is counted as refused by us, so that its numbers do not look lost.
    const whole = (code: number, words: string): Reception =>
      this.#refused(header, code, words, message.kind === 'deliver' ? message : undefined);
    if (ordered && 'code' in ordered && ordered.where === 'whole') return whole(ordered.code, 'as ordered');
    if (bytes.length > agreement.maxBytes) {
      return whole(errorCodes.tooLarge, `more than ${agreement.maxBytes} octets`);
    }
    const valid = validate(bytes);
    if (!valid.ok) {
      const [first] = valid.error;
      return whole(errorCodes.validation, `line ${first?.line ?? 0}: ${first?.message ?? 'invalid'}`);
    }
    if (!isKnownEdition(header.version.etsi))
      return whole(errorCodes.version, 'supported: V1.4.1 to V1.23.1');
    if (message.kind !== 'deliver') return whole(errorCodes.unsupportedAction, 'only DELIVER is known here');
    return this.#actions(message, ordered);
  }

  #actions({ header, objects }: DeliverMessage, ordered?: OrderedError | ReadonlySet<string>): Reception {
    const { transactionId } = header;
    const findings: Finding[] = headerFindings(header);
    const announced: AnnouncedObject[] = [];
    const outcomes: ActionOutcome[] = [];
    const delivered: DeliveredObject[] = [];
    for (const [action, object] of objects.entries()) {
      const error =
        orderedError(object, ordered, action === objects.length - 1) ?? this.#objectError(object, header);
      if (error) {
        outcomes.push({ action, kind: 'failed', error });
        if (error.code !== errorCodes.objectExists) this.sequences.refuse(object);
      } else {
        outcomes.push({ action, kind: 'delivered', objectId: object.objectId });
        findings.push(...this.#take(object, header, announced));
      }
      delivered.push({
        ...{ objectId: object.objectId, reference: nameOf(object.reference), items: object.items.length },
        ...(object.sequenceNumber !== undefined && { sequenceNumber: object.sequenceNumber }),
        ...{ last: object.lastSequence === true, code: error?.code ?? 0 },
      });
    }
    const outcome = { kind: 'actions', actions: outcomes } as const;
    return {
      answer: { kind: 'response', header: this.#answerHeader(header), outcome },
      ...{ transactionId, objects: delivered, announced },
      findings: findings.map((finding) => ({ ...finding, transactionId })),
    };
  }

  #objectError(object: DeliveryObject, header: MessageHeader): ErrorInformation | undefined {
    if (this.#taken.has(object.objectId)) {
      return { code: errorCodes.objectExists, description: 'this ObjectIdentifier is here already' };
    }
    const refusal = objectRefusal(object, header, this.o.agreement);
    if (refusal) return { code: refusal.code, description: refusal.message };
    const urls = object.items.flatMap((item) => item.objects.map(({ url }) => url));
    if (new Set(urls).size < urls.length || urls.some((url) => this.objects.has(url))) {
      return { code: errorCodes.improperValue, description: 'the URL of an object was used before' };
    }
    return undefined;
  }

  #take(object: DeliveryObject, header: MessageHeader, announced: AnnouncedObject[]): Finding[] {
    this.#taken.add(object.objectId);
    for (const binary of object.items.flatMap((item) => item.objects)) {
      const made = this.objects.announce(binary, header.transactionId);
      if (made) announced.push(made);
    }
    return [...objectFindings(object, header, this.o.clock.wall()), ...this.sequences.take(object)];
  }

  #refused(
    header: MessageHeader | undefined,
    code: number,
    description: string,
    message?: DeliverMessage,
  ): Reception {
    const error = { code, description };
    for (const object of message?.objects ?? []) {
      if (!this.#taken.has(object.objectId)) this.sequences.refuse(object);
    }
    return {
      answer: {
        ...{ kind: 'response', header: this.#answerHeader(header) },
        outcome: { kind: 'refused', error },
      },
      ...(header && { transactionId: header.transactionId }),
      ...{ objects: [], announced: [], findings: [], refused: error },
    };
  }

  /** TS 103 120 6.2.5: the TransactionIdentifier is that of the request, and a new one only where it cannot be read. */
  #answerHeader(header: MessageHeader | undefined): MessageHeader {
    return {
      sender: header?.receiver ?? this.o.name,
      receiver: header?.sender ?? {
        countryCode: unspecified.country,
        uniqueIdentifier: unspecified.endpoint,
      },
      transactionId: header?.transactionId ?? randomUUID(),
      timestamp: qualifiedMicroseconds(this.o.clock.wall()),
      version: {
        etsi: header?.version.etsi ?? 'V1.23.1',
        nationalProfileOwner: unspecified.profile,
        nationalProfileVersion: unspecified.profile,
      },
    };
  }
}

function orderedError(
  { objectId }: DeliveryObject,
  ordered: OrderedError | ReadonlySet<string> | undefined,
  isLast: boolean,
): ErrorInformation | undefined {
  if (ordered === undefined) return undefined;
  if (!('code' in ordered)) {
    return ordered.has(objectId) ? undefined : { code: errorCodes.transient, description: 'not taken then' };
  }
  return ordered.where === 'each' || isLast ? { code: ordered.code, description: 'as ordered' } : undefined;
}
