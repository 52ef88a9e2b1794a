import type { Clock, IdSource, Logger, Timer } from '@esinet/kernel';
import type { SendOutcome } from '@esinet/lmpe';
import type { AppIncoming, AppLink, AppRequest } from '@esinet/lmpe-client';
import {
  type Connection,
  type ConnectionEffect,
  type ConnectionEvent,
  connectWithinMs,
  connection,
  registrationSeconds,
  unconnected,
} from './connection.js';
import { SipAgent } from './sip-agent.js';

export interface BrowserLinkOptions {
  readonly server: string;
  readonly user: string;
  readonly password: string;
  readonly domain: string;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly onMessage: (message: AppIncoming) => number;
  /** The connection was lost and is there again. */
  readonly onRestored: () => void;
  readonly onConnected?: (connected: boolean) => void;
}

/** How long a message waits for the connection before this attempt counts as failed. */
export const holdMs = 30_000;

/** A request without an answer, with nothing else heard meanwhile, means that the socket leads nowhere. */
export const unheardMs = 10_000;

/** How long the end of a chat waits for the registration to be taken back. */
export const unregisterMs = 1_000;

/** An APP's way out of a browser: a registration over a WebSocket that is opened again whenever it is lost. */
export class BrowserLink implements AppLink {
  #connection: Connection = unconnected;
  #agent: SipAgent | undefined;
  #leaving: Promise<unknown> = Promise.resolve();
  #opened: ((status: number) => void) | undefined;
  #told = false;
  readonly #contact: string;
  readonly #timers = new Map<string, Timer>();
  readonly #held = new Set<() => void>();

  constructor(private readonly o: BrowserLinkOptions) {
    this.#contact = o.ids.token(16);
  }

  get connected(): boolean {
    return this.#connection.phase === 'ready';
  }

  /** 200 once registered; else the status of the refusal, 0 without an answer. */
  open(): Promise<number> {
    return new Promise((resolve) => {
      this.#opened = resolve;
      this.#apply({ type: 'open' });
    });
  }

  /** The page has reason to believe that the network is another one. */
  online(): void {
    this.#apply({ type: 'online' });
  }

  async send(request: AppRequest): Promise<SendOutcome> {
    if (!this.connected) await this.#hold();
    const agent = this.#agent;
    if (!agent || !this.connected) return { kind: 'failure', reason: 'not connected' };
    const watch = this.#watch(agent);
    try {
      return await agent.message(request);
    } catch {
      return { kind: 'failure', reason: 'error' };
    } finally {
      watch.cancel();
    }
  }

  async close(): Promise<void> {
    this.#apply({ type: 'close' });
    await this.#leaving;
  }

  #apply(event: ConnectionEvent): void {
    const [next, effects] = connection(this.#connection, event);
    this.#connection = next;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ConnectionEffect): void {
    const { clock, logger } = this.o;
    switch (effect.type) {
      case 'connect':
        this.#connect();
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'register':
        void this.#register();
        break;
      case 'unregister':
        this.#unregister();
        break;
      case 'ready':
        this.#opened?.(200);
        this.#tell(true);
        for (const release of [...this.#held]) release();
        if (effect.again) this.o.onRestored();
        break;
      case 'failed':
        logger.warn('not registered', { status: effect.status });
        this.#opened?.(effect.status);
        break;
      case 'set-timer': {
        const { timer, ms, spread } = effect;
        this.#timers.get(timer)?.cancel();
        const after = spread ? Math.random() * ms : ms;
        this.#timers.set(
          timer,
          clock.after(after, () => this.#apply({ type: 'timer', timer })),
        );
        break;
      }
      case 'cancel-timer':
        this.#timers.get(effect.timer)?.cancel();
        this.#timers.delete(effect.timer);
        break;
    }
  }

  #connect(): void {
    const { server, user, password, domain, clock, ids, onMessage } = this.o;
    const agent: SipAgent = new SipAgent({
      server,
      user,
      password,
      domain,
      contact: this.#contact,
      boundary: () => `part${ids.token(24)}`,
      clock,
      connectWithinMs,
      onMessage,
      onOpened: () => this.#agent === agent && this.#apply({ type: 'opened' }),
      onLost: () => this.#agent === agent && this.#apply({ type: 'lost' }),
    });
    this.#agent = agent;
    agent.connect();
  }

  #disconnect(): void {
    const agent = this.#agent;
    this.#agent = undefined;
    if (agent) void this.#leaving.then(() => agent.close());
    if (this.#connection.phase === 'closed') for (const release of [...this.#held]) release();
    else this.#tell(false);
  }

  #tell(connected: boolean): void {
    if (this.#told === connected) return;
    this.#told = connected;
    this.o.onConnected?.(connected);
  }

  async #register(): Promise<void> {
    const agent = this.#agent;
    const outcome = await agent?.register(registrationSeconds);
    if (!outcome || this.#agent !== agent) return;
    this.#apply(
      outcome.kind === 'registered'
        ? { type: 'registered', seconds: outcome.seconds }
        : { type: 'refused', status: outcome.status },
    );
  }

  #unregister(): void {
    const answered = this.#agent?.register(0);
    const enough = new Promise((resolve) => this.o.clock.after(unregisterMs, () => resolve(undefined)));
    this.#leaving = Promise.race([answered, enough]);
  }

  #hold(): Promise<void> {
    return new Promise((resolve) => {
      const release = (): void => {
        timer.cancel();
        this.#held.delete(release);
        resolve();
      };
      const timer = this.o.clock.after(holdMs, release);
      this.#held.add(release);
    });
  }

  #watch(agent: SipAgent): Timer {
    const { clock } = this.o;
    const since = clock.now();
    return clock.after(unheardMs, () => {
      if (this.#agent === agent && agent.heardAt <= since) this.#apply({ type: 'unheard' });
    });
  }
}
