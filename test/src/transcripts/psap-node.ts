import {
  type Agreement,
  type ExecutionResponse,
  type NegotiationResponse,
  type TransferFailure,
  type TransferPeer,
  transferRoutes,
} from '@esinet/chat-transfer';
import {
  Centres,
  ChatDesk,
  type PsapConfig,
  lookupsOf,
  outgoingRequest,
  psapConfigSchema,
  readIncoming,
  received,
  testDeskOf,
  alertDeskOf,
} from '@esinet/element-psap';
import { type ManualClock, type Result, countingIds, silentLogger } from '@esinet/kernel';
import type { OutgoingMessage, SendOutcome } from '@esinet/lmpe';
import { type MemoryRecords, PrometheusMetrics, defaultLimits } from '@esinet/platform';
import { type RequestLocator, UserAgent } from '@esinet/sip';
import type { Log } from './seen.js';
import { type Node, type Served, type Wires, domainOf } from './wires.js';

/** A PSAP with its SIP user agent and its HTTP-3, without what Nest puts around them. */
export interface PsapNode {
  readonly desk: ChatDesk;
  readonly node: Node;
  readonly served: Served;
  stop(): Promise<void>;
}

export interface PsapNodeOptions {
  readonly name: string;
  readonly wires: Wires;
  readonly clock: ManualClock;
  readonly records: MemoryRecords;
  readonly locator: RequestLocator;
  readonly log: Log;
  /** Where the HTTP-3 of another is now. */
  readonly served: (name: string) => Served | undefined;
  /** Waits before an answer of HTTP-3 goes on its way. Gives whether it arrives. */
  readonly onAnswer: (from: string) => Promise<boolean>;
}

export async function startPsapNode(o: PsapNodeOptions): Promise<PsapNode> {
  const { name, wires, clock, records } = o;
  const config = configOf(name);
  const centres = new Centres(config);
  const ids = countingIds(`${name}-${clock.now()}-`);
  const side = {
    config,
    centres,
    records,
    clock,
    ids,
    logger: silentLogger,
    limits: defaultLimits,
    tls: null,
    metrics: new PrometheusMetrics(),
    send: (from: { readonly callId: string; readonly centreUri: string }, message: OutgoingMessage) =>
      send(from, message),
    onAlert: () => undefined,
    onTest: () => undefined,
  };
  const lookups = lookupsOf(side);
  const life = { over: false };
  const desk = new ChatDesk({
    config,
    centres,
    records,
    clock,
    ids,
    logger: silentLogger,
    lookups,
    limits: defaultLimits,
    send: (chat, message) => send({ callId: chat.callId, centreUri: chat.centre.uri }, message),
    watcher: {
      started: nothing,
      message: nothing,
      ended: nothing,
      note: nothing,
      phases: nothing,
      transfer: nothing,
    },
    transferClient: watched(
      o,
      life,
      wires.peer(name, (url) => o.served(nameAt(url))),
    ),
  });
  const tests = testDeskOf(side);
  const desks = { chats: desk, alerts: alertDeskOf(side, lookups), tests, fallback: centres.default };
  const node = await wires.node(name);
  const agent = new UserAgent({
    transactions: node.transactions,
    locator: o.locator,
    clock,
    ids,
    logger: silentLogger,
    mergedRequests: 'repeat',
    onRequest: (request) => received(readIncoming(request, defaultLimits), centres.of(request), desks),
  });
  const send = async (
    from: { readonly callId: string; readonly centreUri: string },
    message: OutgoingMessage,
  ): Promise<SendOutcome> => {
    const outcome = await agent.send(outgoingRequest({ ...from, element: config.element, message }));
    return outcome.kind === 'response'
      ? { kind: 'answered', status: outcome.message.status }
      : { kind: 'failure', reason: outcome.reason };
  };
  const served = await wires.serve(
    name,
    transferRoutes(desk.transferHandler, { agreements: config.transfer.agreements }),
  );
  await desk.restore();
  return {
    desk,
    node,
    served,
    stop: async () => {
      life.over = true;
      desk.close();
      tests.close();
      await served.stop();
      await node.stop();
    },
  };
}

/** What is said between the PSAPs is seen where it is asked. */
function watched(o: PsapNodeOptions, life: { readonly over: boolean }, peer: TransferPeer): TransferPeer {
  const { name: from, log, onAnswer } = o;
  const answered = async <T extends NegotiationResponse | ExecutionResponse>(
    to: string,
    asked: Promise<Result<T, TransferFailure>>,
  ): Promise<Result<T, TransferFailure>> => {
    const answer = await asked;
    // Nobody is left to hear it.
    if (life.over) return new Promise(() => undefined);
    if (!(await onAnswer(to))) return { ok: false, error: { code: 'timeout', message: 'lost on its way' } };
    if (answer.ok) log.http({ from: to, to: from, what: 'answer', status: answer.value.StatusCode });
    else log.http({ from: to, to: from, what: 'no answer' });
    return answer;
  };
  return {
    negotiate: (url, request, peer_) => {
      const to = nameAt(url);
      log.http({ from, to, what: 'negotiation', request });
      return answered(to, peer.negotiate(url, request, peer_));
    },
    execute: (url, request, peer_) => {
      const to = nameAt(url);
      log.http({ from, to, what: 'execution', request });
      return answered(to, peer.execute(url, request, peer_));
    },
  };
}

function configOf(name: string): PsapConfig {
  const letter = name.slice(-1).toUpperCase();
  const others = ['psap-a', 'psap-b', 'psap-c'].filter((other) => other !== name);
  const agreements: (Agreement & { url: string })[] = others.slice(0, 1).map((other) => ({
    name: other,
    uris: [`sip:*@${domainOf(other)}`],
    url: `https://${other}.invalid`,
    sanUri: `sip:${domainOf(other)}`,
    may: ['transfer', 'redirect', 'receive'],
  }));
  return psapConfigSchema.parse({
    domain: domainOf(name),
    publicDomain: domainOf(name),
    element: domainOf(name),
    acceptAny: false,
    defaultCentre: name,
    centres: [
      {
        uri: `sip:${name}@${domainOf(name)}`,
        name: `Centre ${letter}`,
        greeting: `Centre ${letter} reads you. What is going on?`,
        accept: 'ask',
      },
    ],
    script: 'none',
    transfer: {
      agreements,
      texts: {
        transferring: 'One moment, another centre takes over.',
        transferred: '{name} is with you now.',
        reactivated: '{name} is still with you.',
        redirecting: 'Another centre will write to you.',
      },
    },
  });
}

/** Agreements name a host; where it is, the wires know. */
function nameAt(url: string): string {
  return new URL(url).hostname.replace('.invalid', '');
}

function nothing(): void {
  // Nobody counts here.
}
