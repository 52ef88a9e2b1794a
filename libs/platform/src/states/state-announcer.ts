import { type Clock, type Logger, type Timer, messageOf } from '@esinet/kernel';
import {
  type ElementState,
  type QueueState,
  type ServiceState,
  type StateKind,
  type StateOf,
  type StateTable,
  readState,
  stateKinds,
  stateMembers,
} from '@esinet/states';
import type { Bus, Subscription } from '../bus/bus.js';
import { subjectToken } from '../bus/subject.js';

/** Milliseconds in which changes are put together: a queue may change with every call. */
const togetherMs = 100;

/** Whoever begins to listen asks for all states on this subject. */
const askSubject = 'states.ask';

/** A state with the word for what it is of. */
export type NamedState = {
  readonly [K in StateKind]: { readonly kind: K; readonly state: StateOf[K] };
}[StateKind];

/** Tells the states of an element on the bus: after each change, and all of them at intervals. */
export class StateAnnouncer {
  readonly #told = new Map<string, string>();
  #soon: Timer | undefined;
  #round: Timer | undefined;
  #closed = false;
  #everything = false;
  #asked: Subscription | undefined;

  constructor(
    private readonly o: {
      readonly bus: Pick<Bus, 'publish' | 'subscribe'>;
      readonly clock: Clock;
      readonly logger: Logger;
      readonly everyMs: number;
      /** All states there are now. */
      readonly states: () => Iterable<NamedState>;
    },
  ) {}

  start(): void {
    this.#asked = this.o.bus.subscribe(askSubject, () => {
      this.#everything = true;
      this.changed();
    });
    this.#all();
  }

  /** Something may be different. */
  changed(): void {
    if (this.#closed || this.#soon) return;
    this.#soon = this.o.clock.after(togetherMs, () => {
      this.#soon = undefined;
      const all = this.#everything;
      this.#everything = false;
      this.#tell(all);
    });
  }

  /** Tells at once what has not been told yet, and no more from then on. */
  close(): void {
    if (this.#closed) return;
    this.#asked?.unsubscribe();
    this.#soon?.cancel();
    this.#round?.cancel();
    this.#tell(false);
    this.#closed = true;
  }

  #all(): void {
    this.#tell(true);
    this.#round = this.o.clock.after(this.o.everyMs, () => this.#all());
  }

  #tell(all: boolean): void {
    const present = new Set<string>();
    for (const { kind, state } of this.o.states()) {
      const members = stateMembers(kind, state);
      if (!members) continue;
      const subject = subjectOf(kind, state);
      const text = JSON.stringify(members);
      present.add(subject);
      if (!all && this.#told.get(subject) === text) continue;
      this.#told.set(subject, text);
      this.#publish(subject, members);
    }
    for (const subject of this.#told.keys()) if (!present.has(subject)) this.#told.delete(subject);
  }

  #publish(subject: string, members: object): void {
    try {
      this.o.bus.publish(subject, members);
    } catch (error) {
      this.o.logger.error('state-not-announced', { reason: messageOf(error) });
    }
  }
}

/** Puts what the bus tells into a table, and asks all to tell it now. What cannot be read is left out. */
export function hearStates(
  bus: Pick<Bus, 'publish' | 'subscribe'>,
  table: Pick<StateTable, 'heard'>,
): Subscription {
  const subscription = bus.subscribe('states.>', (payload, subject) => {
    const kind = stateKinds.find((each) => subject.startsWith(`states.${each}.`));
    if (!kind) return;
    const read = readState(kind, payload);
    if (read.ok) table.heard(kind, read.value, 'bus');
  });
  bus.publish(askSubject, {});
  return subscription;
}

function subjectOf<K extends StateKind>(kind: K, state: StateOf[K]): string {
  return `states.${kind}.${subjectToken(nameOf(kind, state))}`;
}

function nameOf<K extends StateKind>(kind: K, state: StateOf[K]): string {
  switch (kind) {
    case 'element':
      return (state as ElementState).elementId;
    case 'service': {
      const { name, serviceId, domain } = (state as ServiceState).service;
      return serviceId ?? `${name}@${domain}`;
    }
    default:
      return (state as QueueState).queueUri;
  }
}
