import type { Told } from '../ledger/history.js';

const pauseMs = 200;

/** One reader of the event stream of a PSAP, as the page of a call taker is one. Comes back whenever it was cut off. */
export class EventReader {
  /** How often the PSAP said that it could not tell what was missed. */
  missed = 0;
  readonly #aborting = new AbortController();
  readonly #done: Promise<void>;
  #last: string | undefined;

  constructor(
    private readonly reader: string,
    private readonly url: string,
    private readonly told: Told[],
  ) {
    this.#done = this.#run();
  }

  async close(): Promise<void> {
    this.#aborting.abort();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#aborting;
    while (!signal.aborted) {
      try {
        const headers = this.#last === undefined ? {} : { 'last-event-id': this.#last };
        const answer = await fetch(this.url, { signal, headers });
        if (answer.ok && answer.body) await this.#read(answer.body);
      } catch {
        // Away, or cut off: again from where it was.
      }
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let buffer = '';
    for await (const chunk of body) {
      const blocks = (buffer + decoder.decode(chunk, { stream: true })).split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) this.#heard(block);
    }
  }

  #heard(block: string): void {
    const fields = new Map(
      block.split('\n').map((line): [string, string] => {
        const colon = line.indexOf(': ');
        return [line.slice(0, colon), line.slice(colon + 2)];
      }),
    );
    this.#last = fields.get('id') ?? this.#last;
    if (fields.get('event') === 'missed') this.missed++;
    if (fields.get('event') !== 'message') return;
    const { chat = '', data = {} } = JSON.parse(fields.get('data') ?? '{}') as {
      chat?: string;
      data?: { text?: string; direction?: string };
    };
    if (data.text && data.direction === 'in') {
      this.told.push({ record: chat, text: data.text, reader: this.reader });
    }
  }
}
