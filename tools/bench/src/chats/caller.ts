import { type ChatMessage, type ChatClient, openChat } from '@esinet/element-app';

/** Where the callers are: inside the service areas of the lab, far from each other. */
const places: readonly (readonly [lat: number, lon: number])[] = [
  [40.4168, -3.7038],
  [41.3874, 2.1686],
  [37.3891, -5.9845],
  [39.4699, -0.3763],
  [43.263, -2.935],
];

/** One caller in a chat who says something now and then, and remembers what was said and heard. */
export class LoadCaller {
  /** Texts that the PSAP's side answered 200. */
  readonly said: string[] = [];
  readonly heard: ChatMessage[] = [];
  undelivered = 0;
  silences = 0;
  #count = 0;

  private constructor(
    readonly name: string,
    readonly client: ChatClient,
  ) {
    client.onMessage((message) => this.heard.push(message));
    client.onNote((note) => {
      if (note === 'silent') this.silences++;
    });
  }

  static async open(o: {
    readonly index: number;
    readonly transport: 'udp' | 'tcp';
    readonly port: number;
    readonly heartbeatMs: number;
  }): Promise<LoadCaller> {
    const name = `load${o.index}`;
    const [lat, lon] = places[o.index % places.length] ?? [0, 0];
    const client = await openChat({
      service: 'urn:service:sos',
      from: `sip:${name}@app.lab`,
      at: { lat: lat + (o.index % 50) / 10_000, lon, radius: 20 },
      via: { transport: o.transport, host: '127.0.0.1', port: o.port },
      timing: { heartbeatMs: o.heartbeatMs, silenceMs: Math.max(60_000, 3 * o.heartbeatMs) },
    });
    return new LoadCaller(name, client);
  }

  /** Resolves when the PSAP has spoken. */
  async start(): Promise<boolean> {
    if (!(await this.#deliver((text) => this.client.start(text)))) return false;
    for (let i = 0; i < 600 && this.heard.length === 0; i++) await new Promise((r) => setTimeout(r, 50));
    return this.heard.length > 0;
  }

  async say(): Promise<void> {
    await this.#deliver((text) => this.client.say(text));
  }

  async #deliver(send: (text: string) => ReturnType<ChatClient['say']>): Promise<boolean> {
    const text = `${this.name} text ${++this.#count}`;
    // Noted in the order of saying; taken out again if nobody took it.
    this.said.push(text);
    const { delivered } = await send(text);
    if (delivered) return true;
    this.undelivered++;
    this.said.splice(this.said.indexOf(text), 1);
    return false;
  }
}
