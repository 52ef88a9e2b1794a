import type { ElementState, KnownStates, QueueState, ServiceState } from '@esinet/states';

/** One state that a decision looked at, and what it was then; `null` where nothing was known. */
export type SeenState =
  | { readonly kind: 'element'; readonly of: string; readonly state: ElementState | null }
  | {
      readonly kind: 'service';
      readonly of: string;
      readonly domain: string;
      readonly state: ServiceState | null;
    }
  | { readonly kind: 'queue'; readonly of: string; readonly state: QueueState | null };

/** Beyond so many a decision goes on, but cannot be replayed exactly. */
const maxSeen = 1_000;

/** Passes questions about states on and keeps what was answered. */
export class SeenStates implements KnownStates {
  readonly #seen = new Map<string, SeenState>();

  constructor(private readonly known: KnownStates | undefined) {}

  element(elementId: string): ElementState | undefined {
    const state = this.known?.element(elementId);
    this.#keep({ kind: 'element', of: elementId, state: state ?? null });
    return state;
  }

  service(name: string, domain: string): ServiceState | undefined {
    const state = this.known?.service(name, domain);
    this.#keep({ kind: 'service', of: name, domain, state: state ?? null });
    return state;
  }

  queue(queueUri: string): QueueState | undefined {
    const state = this.known?.queue(queueUri);
    this.#keep({ kind: 'queue', of: queueUri, state: state ?? null });
    return state;
  }

  /** In the order in which they were first asked for. */
  all(): SeenState[] {
    return [...this.#seen.values()];
  }

  #keep(seen: SeenState): void {
    const key = keyOf(seen.kind, seen.of, 'domain' in seen ? seen : {});
    if (this.#seen.size < maxSeen && !this.#seen.has(key)) this.#seen.set(key, seen);
  }
}

/** The states as they were seen: what was not looked at is not known. */
export function statesAsSeen(seen: readonly SeenState[]): KnownStates {
  const byKey = new Map(
    seen.map((each) => [keyOf(each.kind, each.of, 'domain' in each ? each : {}), each.state]),
  );
  const find = (kind: SeenState['kind'], of: string, domain?: string): SeenState['state'] =>
    byKey.get(keyOf(kind, of, { domain })) ?? null;
  return {
    element: (elementId) => (find('element', elementId) as ElementState | null) ?? undefined,
    service: (name, domain) => (find('service', name, domain) as ServiceState | null) ?? undefined,
    queue: (queueUri) => (find('queue', queueUri) as QueueState | null) ?? undefined,
  };
}

function keyOf(kind: SeenState['kind'], of: string, o: { readonly domain?: string | undefined }): string {
  return `${kind} ${of} ${o.domain ?? ''}`;
}
