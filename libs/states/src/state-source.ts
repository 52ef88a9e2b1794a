import type { QueueState } from './state.js';

/** Something that has a state now, and says when it has another one. */
export interface StateSource<T> {
  current(): T | undefined;
  /** The listener is called after each change; the answer ends that. */
  onChange(listener: () => void): () => void;
}

/** The queues of an element, all of them at once. */
export interface QueueStateSource {
  snapshot(): readonly QueueState[];
  onChange(listener: () => void): () => void;
}

/** A state that is set. */
export class StateValue<T> implements StateSource<T> {
  readonly #listeners = new Set<() => void>();
  #text: string;

  constructor(private value: T | undefined) {
    this.#text = textOf(value);
  }

  current(): T | undefined {
    return this.value;
  }

  /** Whoever listens hears of it only where it differs from what was there. */
  set(value: T | undefined): void {
    const text = textOf(value);
    if (text === this.#text) return;
    this.value = value;
    this.#text = text;
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** What follows from another state. */
export function derived<A, B>(source: StateSource<A>, from: (state: A) => B): StateSource<B> {
  return {
    current: () => {
      const state = source.current();
      return state === undefined ? undefined : from(state);
    },
    onChange: (listener) => source.onChange(listener),
  };
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? '';
}
