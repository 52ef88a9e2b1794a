import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { httpHeldClient } from '@esinet/held';
import { type Clock, type IdSource, type Logger, messageOf } from '@esinet/kernel';
import type { OutgoingMessage, SendOutcome } from '@esinet/lmpe';
import {
  type Bus,
  BUS,
  CLOCK,
  type Health,
  HEALTH,
  IDS,
  LIMITS,
  type Limits,
  LOGGER,
  METRICS,
  type Metrics,
  RECORDS,
  type Records,
  SipEdge,
} from '@esinet/platform';
import { type SipMessage, type UasAnswer, UserAgent } from '@esinet/sip';
import { Centres } from './centre.js';
import type { Chat } from './chat.js';
import { ChatDesk } from './chat-desk.js';
import { deskWatcher } from './desk-watcher.js';
import { PSAP_CONFIG, type PsapConfig } from './config.js';
import { readIncoming } from './incoming-message.js';
import { heldLook } from './location-look.js';
import { outgoingRequest } from './outgoing-request.js';

/** The centres of this process on the wire: requests in, messages out, events and counts beside. */
@Injectable()
export class PsapService implements OnModuleInit, BeforeApplicationShutdown {
  readonly centres: Centres;
  readonly desk: ChatDesk;
  readonly #agent: UserAgent;

  constructor(
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
    @Inject(SipEdge) edge: SipEdge,
    @Inject(RECORDS) records: Records,
    @Inject(BUS) bus: Bus,
    @Inject(CLOCK) clock: Clock,
    @Inject(IDS) ids: IdSource,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    @Inject(HEALTH) health: Health,
    @Inject(LIMITS) private readonly limits: Limits,
  ) {
    this.centres = new Centres(config);
    const { allowedHosts, timeout } = config.held;
    this.desk = new ChatDesk({
      config,
      centres: this.centres,
      records,
      clock,
      ids,
      logger,
      send: (chat, message) => this.#send(chat, message),
      look:
        allowedHosts.length === 0
          ? undefined
          : heldLook(httpHeldClient({ allowedHosts, timeoutMs: timeout }), logger),
      watcher: deskWatcher({ metrics, bus, clock }),
    });
    this.#agent = new UserAgent({
      transactions: edge.transactions,
      locator: edge.locator(['tcp', 'udp']),
      clock,
      ids,
      logger,
      outboundProxy: config.outboundProxy,
      accept: ['text/plain', 'multipart/mixed', 'application/pidf+xml'],
      // A border that failed over sends the same message again: it did arrive.
      mergedRequests: 'repeat',
      onRequest: (request) => this.#take(request),
    });
    health.register('chats', () =>
      Promise.resolve(
        this.desk.openChats >= config.limits.chats
          ? 'as many chats are open as the memory has room for'
          : undefined,
      ),
    );
  }

  /** Before any socket opens: what was open goes on. */
  async onModuleInit(): Promise<void> {
    try {
      const restored = await this.desk.restore();
      if (restored > 0) this.logger.info('chats restored', { chats: restored });
    } catch (error) {
      // Without records every message is answered 500, and readiness says why: better than not to be there at all.
      this.logger.error('chats not restored', { reason: messageOf(error) });
    }
  }

  beforeApplicationShutdown(): void {
    this.desk.close();
  }

  async #take(request: SipMessage): Promise<UasAnswer> {
    return this.desk.take(readIncoming(request, this.limits), this.centres.of(request));
  }

  async #send(chat: Chat, message: OutgoingMessage): Promise<SendOutcome> {
    const outcome = await this.#agent.send(
      outgoingRequest({
        callId: chat.callId,
        centreUri: chat.centre.uri,
        element: this.config.element,
        message,
      }),
    );
    return outcome.kind === 'response'
      ? { kind: 'answered', status: outcome.message.status }
      : { kind: 'failure', reason: outcome.reason };
  }
}
