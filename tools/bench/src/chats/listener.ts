/** One reader of the event stream, as the page of a call taker is one: remembers which texts it was told of. */
export class Listener {
  /** Call Identifier and text, in the order they were told. */
  readonly told: string[] = [];
  missed = 0;
  readonly #aborting = new AbortController();
  #last: string | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(private readonly url: string) {}

  async open(): Promise<void> {
    const answer = await fetch(this.url, {
      signal: this.#aborting.signal,
      ...(this.#last !== undefined && { headers: { 'last-event-id': this.#last } }),
    });
    if (!answer.body) throw new Error(`the event stream answers ${answer.status}`);
    this.#done = this.#read(answer.body).catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#aborting.abort();
    await this.#done;
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let buffer = '';
    for await (const chunk of body) {
      const blocks = (buffer + decoder.decode(chunk, { stream: true })).split('\n\n');
      buffer = blocks.pop() ?? '';
      for (const block of blocks) this.#heard(block);
    }
    // Cut, or the other side went away: on from where it was.
    if (!this.#aborting.signal.aborted) await this.open();
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
    const { callId = '', data = {} } = JSON.parse(fields.get('data') ?? '{}') as {
      callId?: string;
      data?: { text?: string; direction?: string; delivery?: string };
    };
    // A message of the centre is told of again when it is known what became of it.
    const again = data.delivery === 'delivered' || data.delivery === 'failed';
    if (data.text && !again) this.told.push(`${callId} ${data.direction ?? ''} ${data.text}`);
  }
}
