import { randomIds, silentLogger, systemClock } from '@esinet/kernel';
import {
  type Flow,
  type ListenOptions,
  type SipMessage,
  type SipStack,
  type TlsOptions,
  type UacRequest,
  type UacOutcome,
  type UasAnswer,
  UserAgent,
  createSipStack,
  serverLocator,
} from '@esinet/sip';

/** A user agent on loopback for specs: what came in is in `received`. */
export interface LoopbackAgent {
  readonly received: { readonly message: SipMessage; readonly flow: Flow }[];
  readonly stack: SipStack;
  answer: (message: SipMessage) => UasAnswer | Promise<UasAnswer>;
  port(transport: 'udp' | 'tcp' | 'tls'): number;
  send(o: UacRequest): Promise<UacOutcome>;
  stop(): Promise<void>;
}

export async function loopbackAgent(
  listeners: readonly ListenOptions[] = (['udp', 'tcp'] as const).map((transport) => ({
    name: transport,
    transport,
    host: '127.0.0.1',
    port: 0,
  })),
  tls?: TlsOptions,
): Promise<LoopbackAgent> {
  const base = { clock: systemClock, logger: silentLogger };
  const stack = createSipStack({ listeners, ...base, clientPath: '/sip', ...(tls && { clientTls: tls }) });
  const received: LoopbackAgent['received'] = [];
  const agent = new UserAgent({
    ...base,
    transactions: stack.transactions,
    locator: serverLocator({ ...base, table: [], timeoutMs: 100, preferred: ['tcp', 'udp'] }),
    ids: randomIds,
    allow: ['MESSAGE', 'OPTIONS', 'INVITE', 'BYE'],
    onRequest: (message, flow) => {
      received.push({ message, flow });
      return self.answer(message);
    },
  });
  const self: LoopbackAgent = {
    received,
    stack,
    answer: () => ({ status: 200 }),
    port: (transport) => stack.transport.listeners().find((l) => l.transport === transport)?.port ?? 0,
    send: (o) => agent.send(o),
    stop: () => stack.stop(),
  };
  await stack.start();
  return self;
}
