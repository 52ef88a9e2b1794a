import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import { writeCallInfo } from '@esinet/lmpe';
import {
  EventSubscriber,
  type EventSubscription,
  type SubscriptionEnd,
  type SubscriptionState,
  type TlsOptions,
  type TransportName,
  UserAgent,
  createSipStack,
} from '@esinet/sip';

/** Somebody with a SIP stack of their own who subscribes. */
export async function subscriberOver(transport: TransportName, tls?: TlsOptions) {
  const stack = createSipStack({
    listeners: [
      {
        name: 'watcher',
        transport,
        host: '127.0.0.1',
        port: 0,
        ...(tls && { tls }),
      },
    ],
    ...(tls && { clientTls: tls }),
    clock: systemClock,
    logger: silentLogger,
  });
  await stack.start();
  const agent = new UserAgent({
    transactions: stack.transactions,
    locator: { locate: () => Promise.resolve([]) },
    clock: systemClock,
    ids: randomIds,
    logger: silentLogger,
    allow: ['NOTIFY'],
    onRequest: (request) => subscriber.notify(request),
  });
  const subscriber: EventSubscriber = new EventSubscriber({
    agent,
    clock: systemClock,
    ids: randomIds,
    logger: silentLogger,
  });
  const { port = 0 } = stack.transport.listeners()[0] ?? {};
  const secure = transport === 'tls';
  const subscriptions: EventSubscription[] = [];
  return {
    /** What is told, and how it ends. */
    subscribe(to: {
      readonly port: number;
      readonly uri: string;
      readonly event: string;
      readonly serverName?: string;
    }) {
      const told: {
        readonly body: unknown;
        readonly type: string | undefined;
        readonly state: SubscriptionState;
      }[] = [];
      const ends: SubscriptionEnd[] = [];
      const subscription = subscriber.subscribe({
        uri: to.uri,
        from: 'sip:watcher@watcher.lab',
        contact: `<${secure ? 'sips' : 'sip'}:127.0.0.1:${port}${transport === 'udp' ? '' : ';transport=tcp'}>`,
        event: to.event,
        expires: 600,
        persistent: false,
        destination: {
          transport,
          address: '127.0.0.1',
          port: to.port,
          ...(to.serverName !== undefined && { serverName: to.serverName }),
        },
        onNotify: (notify, state) => {
          const text = notify.body.toString();
          told.push({
            body: text === '' ? undefined : (JSON.parse(text) as unknown),
            type: notify.header('Content-Type'),
            state,
          });
        },
        onEnd: (end) => void ends.push(end),
      });
      subscriptions.push(subscription);
      return { told, ends, subscription };
    },
    /** Begins a chat; gives the status. */
    async beginChat(port: number, name: string, centre: string): Promise<number> {
      const outcome = await agent.send({
        method: 'MESSAGE',
        uri: 'urn:service:sos',
        from: `sip:${name}@provider.lab`,
        to: 'urn:service:sos',
        headers: writeCallInfo({
          callId: `urn:emergency:uid:callid:${name.padEnd(11, 'x')}:app.lab`,
          messageType: 257,
          messageId: 1,
          element: 'app.lab',
        }).map((value) => ['Call-Info', value] as const),
        routes: [`<sip:${centre};lr>`],
        body: 'help',
        contentType: 'text/plain; charset=utf-8',
        destination: { transport, address: '127.0.0.1', port },
      });
      return outcome.kind === 'response' ? outcome.message.status : 0;
    },
    async close(): Promise<void> {
      subscriber.close();
      await stack.stop();
    },
  };
}
