import type { ChatClient } from '@esinet/element-app';
import type { Place } from '../place.js';

export interface HappeningOptions {
  /** Seconds after the centre's first message until the APP goes to the background. */
  readonly inactive?: number;
  readonly move?: readonly Place[];
  /** Seconds from one place to the next. */
  readonly moveEvery: number;
  /** Seconds without a network, from the centre's first message on. */
  readonly loseNetwork?: number;
  readonly radius?: number;
}

/** Time for the answer to what was just heard, or for that to what was just sent, to get through. */
const answeredMs = 300;

/** What happens to a person beside the chat: it begins when a centre is there, and none of it waits for the texts. */
export class Happenings {
  #begun = false;
  #alone = Promise.resolve();
  readonly #all: Promise<void>[] = [];
  readonly #pending = new Map<NodeJS.Timeout, () => void>();

  constructor(
    private readonly client: ChatClient,
    private readonly lose: (ms: number) => Promise<void>,
    private readonly o: HappeningOptions,
    private readonly note: (note: string) => void,
  ) {
    client.onState((phase) => {
      if (phase === 'open') this.#begin();
      if (phase === 'stopped' || phase === 'failed') this.cancel();
    });
  }

  /** Resolves when the network is gone, if it is to go: what is said next is said without one. */
  get alone(): Promise<void> {
    return this.#alone;
  }

  /** Resolves when everything has happened. */
  async done(): Promise<void> {
    await Promise.all(this.#all);
  }

  /** What has not happened yet does not any more. */
  cancel(): void {
    for (const [timer, resolve] of this.#pending) {
      clearTimeout(timer);
      resolve();
    }
    this.#pending.clear();
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const { inactive, move = [], moveEvery, loseNetwork, radius } = this.o;
    if (inactive !== undefined) {
      this.#after(inactive, () => {
        this.client.inactive();
        this.note('the app went to the background');
      });
    }
    for (const [i, { latitude: lat, longitude: lon }] of move.entries()) {
      this.#after(moveEvery * (i + 1), () => {
        this.client.move({ lat, lon, ...(radius !== undefined && { radius }) });
        this.note(`moved to place ${i + 1} of ${move.length}`);
      });
    }
    if (loseNetwork !== undefined) {
      let back: Promise<void> | undefined;
      this.#alone = pause(answeredMs).then(() => {
        this.note(`no network for ${loseNetwork} s`);
        back = this.lose(loseNetwork * 1_000).then(() => this.note('the network is back'));
      });
      this.#all.push(this.#alone.then(() => back));
    }
  }

  #after(seconds: number, happen: () => void): void {
    this.#all.push(
      new Promise((resolve) => {
        const timer = setTimeout(() => {
          this.#pending.delete(timer);
          happen();
          setTimeout(resolve, answeredMs);
        }, seconds * 1_000);
        this.#pending.set(timer, resolve);
      }),
    );
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
