import { answerTo, appLink } from '@esinet/element-app';
import type { ChatRecord, DeskRefusal } from '@esinet/element-psap';
import { type ManualClock, type Result, countingIds, randomIds, silentLogger } from '@esinet/kernel';
import { newCallId, readIdentifiers } from '@esinet/lmpe';
import { type AppLink, ChatClient } from '@esinet/lmpe-client';
import { MemoryRecords } from '@esinet/platform';
import { type RequestLocator, UserAgent, parseNameAddr } from '@esinet/sip';
import { type PsapNode, startPsapNode } from './psap-node.js';
import { Log } from './seen.js';
import { type Node, type Wires, domainOf } from './wires.js';

export const caller = 'sip:ana@provider.lab';

/** One APP and two PSAPs, with everything that is theirs, and nothing between them but wires. */
export class Stage {
  readonly log = new Log();
  readonly heard: { text: string; matched: boolean }[] = [];
  readonly notes: { note: string; matched: boolean }[] = [];
  readonly told = new Map<string, Promise<Result<unknown, DeskRefusal>>>();
  client!: ChatClient;
  /** Message types the APP leaves unanswered, and PSAPs it does not hear. */
  readonly deafTo = new Set<number | string>();
  /** PSAPs whose answers of HTTP-3 are held, and what lets them go. */
  readonly held = new Map<string, ((arrives: boolean) => void)[]>();
  readonly #psaps = new Map<string, PsapNode>();
  readonly #records = new Map<string, MemoryRecords>();
  #app!: Node;
  #link: AppLink | undefined;

  private constructor(
    private readonly wires: Wires,
    private readonly clock: ManualClock,
    private readonly service: string,
  ) {}

  static async open(wires: Wires, clock: ManualClock, service: string): Promise<Stage> {
    const stage = new Stage(wires, clock, service);
    for (const name of ['psap-a', 'psap-b']) await stage.start(name);
    await stage.#startApp();
    return stage;
  }

  get callId(): string {
    return this.client.callId;
  }

  psap(name: string): PsapNode {
    const psap = this.#psaps.get(name.replace(/^ct-/, 'psap-'));
    if (!psap) throw new Error(`${name} is not there`);
    return psap;
  }

  get psaps(): readonly [string, PsapNode][] {
    return [...this.#psaps];
  }

  /** Also again, over what is on its disk. */
  async start(name: string): Promise<void> {
    const records = this.#records.get(name) ?? new MemoryRecords();
    this.#records.set(name, records);
    const psap = await startPsapNode({
      name,
      wires: this.wires,
      clock: this.clock,
      records,
      locator: this.#locator(),
      log: this.log,
      served: (other) => this.#psaps.get(other)?.served,
      onAnswer: (from) => this.#onAnswer(from),
    });
    this.#psaps.set(name, psap);
  }

  async kill(name: string): Promise<void> {
    const psap = this.psap(name);
    this.#psaps.delete(name);
    await psap.stop();
  }

  chat(name: string): Promise<ChatRecord | undefined> {
    return this.psap(name).desk.find(this.callId);
  }

  letGo(name: string, arrives: boolean): void {
    for (const go of this.held.get(name) ?? []) go(arrives);
    this.held.delete(name);
  }

  /** Lets things go on until `done`, for as long as they may take without the passing of time worth the name. */
  async until(done: () => boolean | Promise<boolean>, turns = 400): Promise<boolean> {
    for (let turn = 0; turn < turns; turn++) {
      if (await done()) return true;
      this.clock.advance(1);
      await this.wires.breathe();
    }
    return done();
  }

  async pass(ms: number, step = 200): Promise<void> {
    for (let gone = 0; gone < ms; gone += step) {
      this.clock.advance(Math.min(step, ms - gone));
      for (let i = 0; i < 4; i++) await this.wires.breathe();
    }
  }

  async close(): Promise<void> {
    for (const name of this.held.keys()) this.letGo(name, false);
    await this.client.close();
    for (const [, psap] of this.#psaps) await psap.stop();
    await this.#app.stop();
    await this.wires.close();
  }

  /** `ana` or the name of a PSAP. */
  readonly nameOf = (uri: string): string => {
    if (uri === caller || uri.startsWith('sip:ana@')) return 'ana';
    const psap = /^sip:(psap-[a-z])@/.exec(uri)?.[1];
    // Who asks for a service gets the first one.
    return psap ?? 'psap-a';
  };

  uriOf(name: string): string {
    return name === 'ana' ? caller : `sip:${name}@${domainOf(name)}`;
  }

  async #startApp(): Promise<void> {
    const ids = countingIds('app');
    this.#app = await this.wires.node('ana', ({ bytes }) => this.log.wire(bytes, this.nameOf));
    const agent = new UserAgent({
      transactions: this.#app.transactions,
      locator: this.#locator(),
      clock: this.clock,
      ids,
      logger: silentLogger,
      mergedRequests: 'repeat',
      onRequest: (request) => {
        const { messageType } = readIdentifiers(request.values('Call-Info'));
        const sender = this.nameOf(parseNameAddr(request.header('From') ?? '')?.uri ?? '');
        if (this.deafTo.has(messageType ?? 0) || this.deafTo.has(sender)) return new Promise(() => undefined);
        return answerTo(this.client, request);
      },
    });
    this.#link = appLink({
      destination: this.#app.destination,
      send: (request) => agent.send(request),
      onClosed: () => undefined,
      onRestored: () => undefined,
      lose: () => Promise.resolve(),
      close: () => Promise.resolve(),
    });
    this.openChat();
  }

  /** A chat with an identifier of its own, in place of any other. */
  openChat(): void {
    const client = new ChatClient({
      callId: newCallId(randomIds, 'app.lab'),
      service: this.service,
      from: `<${caller}>;tag=ana`,
      element: 'app.lab',
      at: { lat: 40.4168, lon: -3.7038, radius: 25 },
      clock: this.clock,
    });
    if (this.#link) client.connect(this.#link);
    client.onMessage(({ text }) => this.heard.push({ text, matched: false }));
    client.onNote((note) => this.notes.push({ note, matched: false }));
    this.client = client;
  }

  #locator(): RequestLocator {
    return {
      locate: (uri) => {
        const name = this.nameOf(typeof uri === 'string' ? uri : uri.text);
        const node = name === 'ana' ? this.#app : this.#psaps.get(name)?.node;
        return Promise.resolve(node ? [node.destination] : []);
      },
    };
  }

  #onAnswer(from: string): Promise<boolean> {
    const waiting = this.held.get(from);
    if (!waiting) return Promise.resolve(true);
    return new Promise((resolve) => waiting.push(resolve));
  }
}
