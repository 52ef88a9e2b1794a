import type { Sent } from './model-psap.js';
import { type World, sipTimeoutMs } from './world.js';

interface Text {
  readonly number: number;
  answered: boolean;
}
/** The arbiter: after a 266 the first 265 that is newer than it; every other is refused. */
export class ModelApp {
  with: string;
  /** Message Identifier of the 266, while the person waits. */
  waits: number | undefined;
  readonly texts: Text[] = [];
  readonly #taken = new Set<string>();
  #busy = false;

  constructor(
    private readonly world: World,
    first: string,
  ) {
    this.with = first;
  }

  receive(sender: string, { kind, messageId }: Sent): number {
    const key = `${sender} ${kind} ${messageId}`;
    if (this.#taken.has(key)) return 200;
    if (kind === 266) {
      if (sender !== this.with) return 403;
      this.waits = messageId;
      if (this.world.chance(this.world.faults.forgetful)) {
        this.world.after(this.world.random() * 2_000, () => (this.waits = undefined));
      }
    } else {
      if (this.waits === undefined || messageId <= this.waits) return 403;
      this.waits = undefined;
      this.with = sender;
    }
    this.#taken.add(key);
    this.#next();
    return 200;
  }

  write(): void {
    this.texts.push({ number: this.texts.length + 1, answered: false });
    this.#next();
  }

  /** One at a time, in order; what went out before the 266 is sent again where it was sent. */
  #next(): void {
    const text = this.texts.find(({ answered }) => !answered);
    if (this.#busy || this.waits !== undefined || !text) return;
    this.#busy = true;
    this.#send(text, this.with);
  }

  #send(text: Text, to: string): void {
    let over = false;
    const end = (answered: boolean): void => {
      if (over) return;
      over = true;
      if (answered) text.answered = true;
      if (text.answered) {
        this.#busy = false;
        this.#next();
        return;
      }
      // Some clients follow the chat with what was not answered, some do not.
      this.world.after(500, () => this.#send(text, this.world.random() < 0.5 ? to : this.with));
    };
    this.world.carry(() => {
      if (this.world.named(to).receive(text.number)) {
        // The PSAP means it even if the APP never learns of it.
        text.answered = true;
        this.world.carry(() => end(true));
      }
    });
    this.world.after(sipTimeoutMs, () => end(false));
  }
}
