import { errorCodes } from '@esinet/handover';
import type { Finding } from './agreement.js';
import type { AuthorityDesk } from './authority-desk.js';
import type { Faults } from './faults.js';
import type { Intake, ReceivedDocument } from './intake.js';
import type { ReferenceReport } from './sequence-book.js';

/** `GET /received`: what came, by its ids. */
export interface Received {
  readonly documents: readonly ReceivedDocument[];
  readonly objects: readonly {
    readonly id: string;
    readonly url: string;
    readonly transactionId: string;
    readonly contentType?: string;
    readonly state: 'announced' | 'here' | 'bad';
    readonly octets?: number;
    readonly problem?: string;
  }[];
}

/** `GET /report`: whether all of it is here and as it should be. */
export interface Report {
  /** Nothing is missing and nothing was found. */
  readonly ok: boolean;
  readonly documents: {
    readonly came: number;
    readonly taken: number;
    /** Came again and were answered 3010. */
    readonly again: number;
    readonly refused: number;
  };
  readonly items: number;
  readonly objects: {
    readonly announced: number;
    readonly here: number;
    readonly missing: readonly string[];
  };
  readonly references: readonly ReferenceReport[];
  readonly findings: readonly Finding[];
  readonly faults: { readonly waiting: readonly string[]; readonly used: readonly string[] };
}

export function receivedOf(intake: Intake, desk: AuthorityDesk): Received {
  return {
    documents: [...intake.documents],
    objects: desk.objects.all().map(({ announced, ...object }) => ({
      ...object,
      ...(announced.contentType !== undefined && { contentType: announced.contentType }),
    })),
  };
}

export function reportOf(intake: Intake, desk: AuthorityDesk, faults: Faults): Report {
  const { documents, findings } = intake;
  const delivered = documents.flatMap(({ objects }) => objects);
  const taken = documents.filter(({ objects }) => objects.some(({ code }) => code === 0));
  const again = documents.filter(({ objects }) =>
    objects.some(({ code }) => code === errorCodes.objectExists),
  );
  const references = desk.sequences.report();
  const missing = desk.objects.missing().map(({ id }) => id);
  const isWhole = references.every(
    (each) => each.missing.length === 0 && each.chats.every((chat) => chat.missing.length === 0),
  );
  return {
    ok: taken.length > 0 && isWhole && missing.length === 0 && findings.length === 0,
    documents: {
      ...{ came: documents.length, taken: taken.length, again: again.length },
      refused: documents.filter((each) => !taken.includes(each) && !again.includes(each)).length,
    },
    items: delivered.filter(({ code }) => code === 0).reduce((sum, { items }) => sum + items, 0),
    objects: {
      ...{ announced: desk.objects.all().length, missing },
      here: desk.objects.all().filter(({ state }) => state === 'here').length,
    },
    ...{ references, findings: [...findings] },
    faults: { waiting: faults.waiting, used: faults.used },
  };
}
