import type { AdmissionVerdict, PassedOver, QueuedCall } from './admission.js';
import type { Queue } from './queue.js';

/** Next hops one call is offered at most. */
const most = 64;

/** A call on its way through its candidates. */
export class PendingCall {
  /** Each target of routing followed by the alternates of its queue, in the order they are asked. */
  readonly candidates: readonly string[];
  readonly passedOver: PassedOver[] = [];
  verdict: AdmissionVerdict | undefined;
  /** When it has waited long enough, over all queues. */
  until: number | undefined;
  /** Where it waits. */
  queue: Queue | undefined;
  uri = '';
  readonly #todo: string[];
  readonly #standby: string[] = [];
  #second = false;
  #resolve: ((verdict: AdmissionVerdict) => void) | undefined;

  constructor(
    readonly id: number,
    readonly call: QueuedCall,
    /** Monotonic milliseconds. */
    readonly since: number,
    queueOf: (uri: string) => Queue | undefined,
  ) {
    this.candidates = candidatesOf(call.uris, queueOf);
    this.#todo = [...this.candidates];
  }

  /** Those on standby come after all others. */
  next(): string | undefined {
    const uri = this.#todo.shift();
    if (uri !== undefined || this.#second) return uri;
    this.#second = true;
    this.#todo.push(...this.#standby);
    return this.#todo.shift();
  }

  /** Put off: true unless it is its turn now. */
  standsBy(uri: string): boolean {
    if (this.#second) return false;
    this.#standby.push(uri);
    return true;
  }

  enter(uri: string, queue: Queue): void {
    this.uri = uri;
    this.queue = queue;
  }

  exit(): void {
    this.queue = undefined;
  }

  /** Why it was passed over there. */
  whyNot(uri: string): string | undefined {
    return this.passedOver.find((passed) => passed.uri === uri)?.why;
  }

  /** Somebody waits for the verdict: it did not come at once. */
  get isWaitedFor(): boolean {
    return this.#resolve !== undefined;
  }

  wait(): Promise<AdmissionVerdict> {
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  settle(verdict: AdmissionVerdict): void {
    if (this.verdict) return;
    this.verdict = verdict;
    this.#resolve?.(verdict);
  }
}

/** Alternates come before the next target, and have alternates of their own; nobody is asked twice. */
function candidatesOf(uris: readonly string[], queueOf: (uri: string) => Queue | undefined): string[] {
  const last = uris.at(-1);
  const found = new Set<string>();
  const add = (uri: string): void => {
    // The default comes last, wherever it is an alternate too.
    if (found.has(uri) || found.size >= most || (uri === last && uris.length > 1)) return;
    found.add(uri);
    for (const alternate of queueOf(uri)?.config.alternates ?? []) add(alternate);
  };
  for (const uri of uris) add(uri);
  if (last !== undefined) {
    found.add(last);
    if (uris.length > 1) for (const alternate of queueOf(last)?.config.alternates ?? []) add(alternate);
  }
  return [...found];
}
