import { type Result, err, ok } from '@esinet/kernel';
import type { OrderedError } from './authority-desk.js';

/** One failure that was ordered: each is used once, in order. */
export type Fault = {
  /** What it happens to: the next document, or the octets of the next object. */
  readonly on: 'document' | 'object';
  /** Whether what came is kept all the same: then the sender does not know that it arrived. */
  readonly keeps: boolean;
} & (
  | { readonly kind: 'status'; readonly status: number }
  /** No answer at all. */
  | { readonly kind: 'hang' }
  /** The connection ends without an answer. */
  | { readonly kind: 'cut' }
  /** A page of some other server. */
  | { readonly kind: 'html' }
  /** An answer to a transaction that is not that of the request. */
  | { readonly kind: 'other-transaction' }
  /** The answer ends in its middle. */
  | { readonly kind: 'half' }
  /** An answer for the first half of the actions only. */
  | { readonly kind: 'half-actions' }
  | { readonly kind: 'slow'; readonly ms: number }
  | { readonly kind: 'error'; readonly error: OrderedError }
  /** Objects: no "go on" for their octets, but 404. */
  | { readonly kind: 'refuse' }
);

/** How faults are written, for people. */
export const faultHelp =
  'NNN (a status), hang, cut, html, half, half-actions, other-transaction, slow or slow-MS, error-NNNN (each action), ' +
  'whole-NNNN, last-NNNN; took-… keeps the document all the same; refuse-object, object-NNN, object-hang, object-cut, ' +
  'object-took-cut for the octets of objects';

/** Codes that TS 103 120 6.4.4 gives to a message, not to an action of it. */
const wholeCodes = new Set([3019, 3020, 3021, 3022]);
const defaultSlowMs = 2_000;

/** `500`, `took-cut`, `error-3003`, `object-hang`: see `faultHelp`. */
export function parseFault(text: string): Result<Fault, string> {
  if (text === 'refuse-object') return ok({ on: 'object', keeps: false, kind: 'refuse' });
  const match = /^(object-)?(took-)?(.+)$/.exec(text);
  const [, object, took, name = ''] = match ?? [];
  const on = object === undefined ? 'document' : 'object';
  const keeps = took !== undefined;
  const numbered = /^(?:(error|whole|last|slow)-)?(\d{1,5})$/.exec(name);
  const number = Number(numbered?.[2]);
  if (numbered && numbered[1] === undefined && number >= 300 && number <= 599) {
    return ok({ on, keeps, kind: 'status', status: number });
  }
  if (name === 'hang' || name === 'cut') return ok({ on, keeps, kind: name });
  if (on === 'document') {
    if (name === 'html') return ok({ on, keeps, kind: name });
    // Here it is the answer that is damaged: the document is taken.
    if (name === 'half' || name === 'half-actions' || name === 'other-transaction') {
      return ok({ on, keeps: true, kind: name });
    }
    if (name === 'slow') return ok({ on, keeps: true, kind: 'slow', ms: defaultSlowMs });
    if (numbered?.[1] === 'slow') return ok({ on, keeps: true, kind: 'slow', ms: number });
    if (numbered && number >= 1_000) {
      const where =
        numbered[1] === 'last'
          ? 'last'
          : numbered[1] === 'whole' || wholeCodes.has(number)
            ? 'whole'
            : 'each';
      return ok({ on, keeps: where === 'last', kind: 'error', error: { code: number, where } });
    }
  }
  return err(`"${text}" is no fault; there are ${faultHelp}`);
}

/** Faults that wait for their turn. */
export class Faults {
  readonly #next: { readonly text: string; readonly fault: Fault }[] = [];
  readonly #used: string[] = [];

  /** All of them or none. */
  order(texts: readonly string[]): Result<undefined, string> {
    const parsed = texts.map((text) => ({ text, fault: parseFault(text) }));
    const made: { text: string; fault: Fault }[] = [];
    for (const { text, fault } of parsed) {
      if (!fault.ok) return fault;
      made.push({ text, fault: fault.value });
    }
    this.#next.push(...made);
    return ok(undefined);
  }

  clear(): void {
    this.#next.length = 0;
  }

  /** The first that waits for this kind of thing. */
  take(on: Fault['on']): { readonly text: string; readonly fault: Fault } | undefined {
    const at = this.#next.findIndex(({ fault }) => fault.on === on);
    const [taken] = at < 0 ? [] : this.#next.splice(at, 1);
    if (taken) this.#used.push(taken.text);
    return taken;
  }

  get waiting(): readonly string[] {
    return this.#next.map(({ text }) => text);
  }

  get used(): readonly string[] {
    return this.#used;
  }
}
