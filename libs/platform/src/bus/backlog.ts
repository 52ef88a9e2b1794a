/** Events that wait in memory for the way to be free; beyond its bounds the oldest go. */
export class Backlog {
  readonly #events: (readonly [subject: string, text: string])[] = [];
  #first = 0;
  #bytes = 0;

  constructor(private readonly limits: { readonly maxEvents: number; readonly maxBytes: number }) {}

  get size(): number {
    return this.#events.length - this.#first;
  }

  /** How many had to go for it. */
  add(subject: string, text: string): number {
    const { maxEvents, maxBytes } = this.limits;
    let gone = 0;
    while (this.size > 0 && (this.size >= maxEvents || this.#bytes + text.length > maxBytes)) {
      this.take();
      gone++;
    }
    this.#events.push([subject, text]);
    this.#bytes += text.length;
    return gone;
  }

  /** The oldest, which is looked at before it is taken. */
  peek(): readonly [subject: string, text: string] | undefined {
    return this.#events[this.#first];
  }

  take(): void {
    const event = this.#events[this.#first];
    if (!event) return;
    this.#bytes -= event[1].length;
    this.#first++;
    // What was taken leaves in blocks: an array that is shifted each time is slow.
    if (this.#first < 1_024 && this.#first < this.#events.length) return;
    this.#events.splice(0, this.#first);
    this.#first = 0;
  }
}
