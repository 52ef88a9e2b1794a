import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { type Clock, type IdSource, type Logger, isoTime, messageOf } from '@esinet/kernel';
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
  type TlsOptions,
} from '@esinet/platform';
import { type SipMessage, type UasAnswer, UserAgent, esnetValues } from '@esinet/sip';
import { statePackages } from '@esinet/states';
import { Centres } from './centre.js';
import { ChatDesk } from './chat-desk.js';
import { deskWatcher } from './desk-watcher.js';
import { PSAP_CONFIG, type PsapConfig } from './config.js';
import { readIncoming } from './incoming-message.js';
import { outgoingRequest } from './outgoing-request.js';
import { received } from './reception.js';
import { transferClientOf } from './transfer/transfer-https.js';
import { type SideDeskOptions, alertDeskOf, lookupsOf, testDeskOf } from './side-desks.js';
import type { AlertDesk } from './alerts/alert-desk.js';
import { PSAP_TLS } from './attachments/config.js';
import type { TestDesk } from './tests/test-desk.js';

/** The centres of this process on the wire: requests in, messages out, events and counts beside. */
@Injectable()
export class PsapService implements OnModuleInit, BeforeApplicationShutdown {
  readonly centres: Centres;
  readonly desk: ChatDesk;
  readonly alerts: AlertDesk;
  readonly tests: TestDesk;
  readonly #agent: UserAgent;
  readonly #transferClient: ReturnType<typeof transferClientOf> | undefined;

  constructor(
    @Inject(PSAP_CONFIG) private readonly config: PsapConfig,
    @Inject(SipEdge) private readonly edge: SipEdge,
    @Inject(RECORDS) records: Records,
    @Inject(BUS) bus: Bus,
    @Inject(CLOCK) clock: Clock,
    @Inject(IDS) ids: IdSource,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(METRICS) metrics: Metrics,
    @Inject(HEALTH) health: Health,
    @Inject(LIMITS) private readonly limits: Limits,
    @Inject(PSAP_TLS) tls: TlsOptions | null,
  ) {
    this.centres = new Centres(config);
    const side: SideDeskOptions = {
      config,
      centres: this.centres,
      records,
      clock,
      ids,
      logger,
      limits,
      tls,
      metrics,
      send: (from, message) => this.#send(from, message),
      onAlert: (alert) => {
        const { centre, callId } = alert;
        this.desk.events.tell({
          type: 'alert',
          centre,
          ...(callId !== undefined && { callId }),
          data: alert,
        });
        bus.publish('events.psap.alert', { at: alert.at, element: 'psap', centre });
      },
      onTest: (test) =>
        bus.publish('events.psap.test', { at: isoTime(clock.wall()), element: 'psap', ...test }),
    };
    this.#transferClient = tls ? transferClientOf(tls, config) : undefined;
    const lookups = lookupsOf(side);
    this.tests = testDeskOf(side);
    this.alerts = alertDeskOf(side, lookups);
    this.desk = new ChatDesk({
      config,
      centres: this.centres,
      records,
      clock,
      ids,
      logger,
      send: (chat, message) => this.#send({ callId: chat.callId, centreUri: chat.centre.uri }, message),
      lookups,
      limits,
      watcher: deskWatcher({ metrics, bus, clock }),
      ...(this.#transferClient && { transferClient: this.#transferClient }),
    });
    if (!tls && config.transfer.agreements.length > 0) {
      logger.warn('no certificate: chats are transferred between the centres of this process only');
    }
    this.#agent = new UserAgent({
      transactions: edge.transactions,
      locator: edge.locator(['tcp', 'udp']),
      clock,
      ids,
      logger,
      outboundProxy: config.outboundProxy,
      // SUBSCRIBE is answered beside this agent, with the states.
      allow: ['MESSAGE', 'OPTIONS', 'SUBSCRIBE'],
      allowEvents: Object.values(statePackages).map(({ event }) => event),
      accept: [
        'text/plain',
        'multipart/mixed',
        'application/pidf+xml',
        'application/EmergencyCallData.cap+xml',
      ],
      // RFC 6442 8.2, RFC 4412: refusing what is understood would lose what the person wrote.
      supported: ['geolocation-http', 'histinfo'],
      resourceValues: esnetValues,
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
      await this.tests.restore();
      const restored = await this.desk.restore();
      if (restored > 0) this.logger.info('chats restored', { chats: restored });
    } catch (error) {
      // Without records every message is answered 500, and readiness says why: better than not to be there at all.
      this.logger.error('chats not restored', { reason: messageOf(error) });
    }
  }

  beforeApplicationShutdown(): void {
    this.tests.close();
    this.desk.close();
    this.#transferClient?.close();
  }

  async #take(request: SipMessage): Promise<UasAnswer> {
    return received(readIncoming(request, this.limits), this.centres.of(request), {
      chats: this.desk,
      alerts: this.alerts,
      tests: this.tests,
      fallback: this.centres.default,
    });
  }

  async #send(
    from: { readonly callId: string; readonly centreUri: string },
    message: OutgoingMessage,
  ): Promise<SendOutcome> {
    // What was not delivered before the process ended is taken up before its sockets are open.
    await this.edge.listening;
    const outcome = await this.#agent.send(
      outgoingRequest({
        ...from,
        element: this.config.element,
        message,
      }),
    );
    return outcome.kind === 'response'
      ? { kind: 'answered', status: outcome.message.status }
      : { kind: 'failure', reason: outcome.reason };
  }
}
