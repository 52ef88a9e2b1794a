import { type ChatClient, type OpenChatOptions, openChat } from '@esinet/element-app';
import type { Heard, Said } from '../ledger/history.js';

/** `udp` through the balancer, `tcp` and `tls` straight to the borders, `provider` registered there. */
export type Way = 'udp' | 'tcp' | 'tls' | 'provider';
export const allWays: readonly Way[] = ['udp', 'tcp', 'tls', 'provider'];

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Texts of one caller that may be under way at once; a person types no faster. */
const mostUnderWay = 3;

/** Where the callers are: inside the service areas of the lab, far from each other. */
const places: readonly (readonly [lat: number, lon: number])[] = [
  [40.4168, -3.7038],
  [41.3874, 2.1686],
  [37.3891, -5.9845],
  [39.4699, -0.3763],
  [43.263, -2.935],
];

/** How a caller of the load gets in, by its number. */
export type WayIn = (way: Way, index: number) => Pick<OpenChatOptions, 'via' | 'register' | 'from'>;

/** A caller whose every text and what became of it goes into the books. */
export class LoadCaller {
  underWay = 0;
  greeted = false;
  #count = 0;

  private constructor(
    readonly name: string,
    readonly way: Way,
    readonly client: ChatClient,
    private readonly books: { readonly said: Said[]; readonly heard: Heard[]; now(): number },
  ) {
    client.onMessage(({ sender, kind, text, messageId }) => {
      this.greeted = true;
      const chat = client.callId;
      books.heard.push({ chat, sender, kind, text, ...(messageId !== undefined && { messageId }) });
    });
  }

  /** @throws RegistrationError, or what the sockets throw */
  static async open(o: {
    readonly name: string;
    readonly index: number;
    readonly way: Way;
    readonly wayIn: WayIn;
    /** In place of a location by value. */
    readonly locationUri?: string;
    readonly books: { readonly said: Said[]; readonly heard: Heard[]; now(): number };
  }): Promise<LoadCaller> {
    const [lat, lon] = places[o.index % places.length] ?? [0, 0];
    const client = await openChat({
      service: 'urn:service:sos',
      from: `sip:${o.name}@app.lab`,
      ...o.wayIn(o.way, o.index),
      ...(o.locationUri === undefined
        ? { at: { lat: lat + (o.index % 50) / 10_000, lon, radius: 20 } }
        : { locationUri: o.locationUri }),
    });
    return new LoadCaller(o.name, o.way, client, o.books);
  }

  get busy(): boolean {
    return this.underWay >= mostUnderWay;
  }

  start(): Promise<boolean> {
    return this.#deliver(true, (text) => this.client.start(text));
  }

  say(): Promise<boolean> {
    return this.#deliver(false, (text) => this.client.say(text));
  }

  stop(): Promise<boolean> {
    return this.#deliver(false, (text) => this.client.stop(text));
  }

  async #deliver(start: boolean, send: (text: string) => ReturnType<ChatClient['say']>): Promise<boolean> {
    const { said, now } = this.books;
    const text = `${this.name} says ${++this.#count}`;
    const chat = this.client.callId;
    const entry: Mutable<Said> = { text, chat, path: this.way, start, at: now() };
    said.push(entry);
    this.underWay++;
    const { delivered, status, reason } = await send(text);
    this.underWay--;
    // Closed while it was under way: nobody knows.
    if (reason === 'closed') return false;
    entry.answeredAt = now();
    entry.status = delivered ? status || 200 : status;
    return delivered;
  }
}
