import type { Timer } from '@esinet/kernel';

/** The two timers a transaction can have running, by name. A third takes the place of the older one. */
export class TimerSlots {
  #first: Timer | undefined;
  #firstName = '';
  #second: Timer | undefined;
  #secondName = '';

  set(name: string, timer: Timer): void {
    if (this.#firstName === '' || this.#firstName === name) {
      this.#firstName = name;
      this.#first = timer;
    } else {
      this.#secondName = name;
      this.#second = timer;
    }
  }

  stop(name: string): void {
    if (this.#firstName === name) {
      this.#first?.cancel();
      this.#firstName = '';
      this.#first = undefined;
    } else if (this.#secondName === name) {
      this.#second?.cancel();
      this.#secondName = '';
      this.#second = undefined;
    }
  }

  clear(): void {
    this.#first?.cancel();
    this.#second?.cancel();
  }
}
