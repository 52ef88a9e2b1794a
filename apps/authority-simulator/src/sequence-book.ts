import type { DeliveryObject, Reference } from '@esinet/handover';
import type { Finding } from './agreement.js';

export interface ChatReport {
  readonly levelId: number;
  readonly items: number;
  /** Numbers from 0 that did not come. */
  readonly missing: readonly number[];
}

export interface ReferenceReport {
  readonly reference: string;
  /** DeliveryObjects that were taken. */
  readonly objects: number;
  readonly missing: readonly number[];
  /** Numbers that we refused: what replaces them has numbers of its own. */
  readonly refused: readonly number[];
  /** Whether the one that says LastSequence is there. */
  readonly lastCame: boolean;
  readonly chats: readonly ChatReport[];
}

interface Entry {
  readonly numbers: Map<number, string>;
  readonly refused: Set<number>;
  last: number | undefined;
  readonly chats: Map<number, Map<number, string>>;
}

/**
 * Which numbers came of each reference, and of each chat in it. The order is that of the numbers, not of arrival; what is
 * missing is seen from them (SequenceNumber, LastSequence, applicationSequenceNumber).
 */
export class SequenceBook {
  readonly #references = new Map<string, Entry>();

  /** A DeliveryObject that is taken. */
  take(object: DeliveryObject): Finding[] {
    const { sequenceNumber: number, objectId } = object;
    const entry = this.#entry(object.reference);
    const name = nameOf(object.reference);
    const findings: Finding[] = [];
    if (number !== undefined) {
      const most = Math.max(-1, ...entry.numbers.keys());
      if (entry.numbers.has(number)) {
        findings.push({ kind: 'number-again', message: `${name}: number ${number} is another object's` });
      } else if (number < most && !entry.refused.has(number)) {
        findings.push({ kind: 'out-of-order', message: `${name}: number ${number} came after ${most}` });
      }
      if (entry.last !== undefined && number > entry.last) {
        findings.push({ kind: 'after-last', message: `${name}: number ${number} after the last one` });
      }
      entry.numbers.set(number, objectId);
      entry.refused.delete(number);
      if (object.lastSequence === true) entry.last = Math.max(number, entry.last ?? 0);
    }
    for (const { correlation } of object.items) {
      if (!correlation) continue;
      const chat = entry.chats.get(correlation.levelId) ?? new Map<number, string>();
      entry.chats.set(correlation.levelId, chat);
      const { levelId, sequenceNumber } = correlation;
      if (chat.has(sequenceNumber)) {
        const message = `${name}: item ${sequenceNumber} of chat ${levelId} came twice`;
        findings.push({ kind: 'item-again', message });
      }
      chat.set(sequenceNumber, objectId);
    }
    return findings;
  }

  /** A DeliveryObject that is refused: its number is missing because of us. */
  refuse({ reference, sequenceNumber }: DeliveryObject): void {
    if (sequenceNumber === undefined) return;
    const entry = this.#entry(reference);
    if (!entry.numbers.has(sequenceNumber)) entry.refused.add(sequenceNumber);
  }

  report(): ReferenceReport[] {
    return [...this.#references].map(([reference, entry]) => ({
      reference,
      objects: entry.numbers.size,
      missing: gaps(entry.numbers, 1).filter((number) => !entry.refused.has(number)),
      refused: [...entry.refused].sort((a, b) => a - b),
      lastCame: entry.last !== undefined,
      chats: [...entry.chats].map(([levelId, numbers]) => ({
        ...{ levelId, items: numbers.size, missing: gaps(numbers, 0) },
      })),
    }));
  }

  #entry(reference: Reference): Entry {
    const name = nameOf(reference);
    const known = this.#references.get(name);
    if (known) return known;
    const entry = { numbers: new Map(), refused: new Set<number>(), last: undefined, chats: new Map() };
    this.#references.set(name, entry);
    return entry;
  }
}

export function nameOf({ kind, value }: Reference): string {
  return `${kind} ${value}`;
}

/** At most so many missing numbers are named: a number is somebody else's claim. */
const mostNamed = 1_000;

function gaps(numbers: ReadonlyMap<number, unknown>, first: number): number[] {
  const missing: number[] = [];
  let next = first;
  for (const number of [...numbers.keys()].sort((a, b) => a - b)) {
    for (; next < number && missing.length < mostNamed; next++) missing.push(next);
    next = Math.max(next, number + 1);
  }
  return missing;
}
