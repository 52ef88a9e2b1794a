import type { Shape } from '@esinet/location';
import type { RoutingFacts } from '@esinet/policy';
import { type SipMessage, buildRequest, editMessage, parseDatagram } from '@esinet/sip';
import type { QueueAnswer } from '../admission.js';
import { type HopFacts, normalNextHop } from '../next-hops.js';
import { type SeenState, statesAsSeen } from './seen-states.js';

/** What is known of where a request came from: neither personal data nor part of the message. */
export type SourceFacts = Omit<
  RoutingFacts,
  'request' | 'now' | 'states' | 'lostService' | 'normalNextHop' | 'location'
>;

/** All that one decision followed from, as plain data: JSON keeps it, `decide` comes to the same next hops again. */
export interface RecordedFacts extends HopFacts {
  readonly method: string;
  readonly requestUri: string;
  /** The request as far as it was kept, an octet a character. */
  readonly request?: string;
  /** Wall milliseconds. */
  readonly now: number;
  readonly lostService: string;
  /** Personal data, like the request. */
  readonly location?: Shape;
  readonly source: SourceFacts;
  readonly states: readonly SeenState[];
  /** The policies failed, and were passed over. */
  readonly policyFailed?: true;
  /** What the queues answered; absent where none was asked. */
  readonly queue?: QueueAnswer;
}

/** How much of a request is kept with an explanation. */
export interface KeptRequest {
  readonly what: 'none' | 'head' | 'whole';
  /** A longer one is not kept at all: half a header section would decide something else. */
  readonly maxBytes: number;
}

/** The request to keep, an octet a character. `head`: without its body, where the words of the caller are. */
export function keptRequest(request: SipMessage, o: KeptRequest): string | undefined {
  if (o.what === 'none') return undefined;
  if (o.what === 'head' && request.bodyStart > o.maxBytes) return undefined;
  if (o.what === 'whole') {
    return request.bytes.length > o.maxBytes ? undefined : request.bytes.toString('latin1');
  }
  const edited = editMessage(request, { edits: [{ op: 'set', name: 'Content-Length', value: '0' }] });
  const head = edited.subarray(0, edited.length - request.body.length);
  return head.toString('latin1');
}

/** What the policies looked at, from what was recorded. */
export function routingFactsOf(facts: RecordedFacts): RoutingFacts {
  const { location } = facts;
  return {
    ...facts.source,
    request: requestOf(facts),
    now: facts.now,
    lostService: facts.lostService,
    normalNextHop: normalNextHop(facts),
    ...(location && { location }),
    states: statesAsSeen(facts.states),
  };
}

function requestOf({ request, method, requestUri }: RecordedFacts): SipMessage {
  const kept = request === undefined ? undefined : parseDatagram(Buffer.from(request, 'latin1'));
  if (kept?.kind === 'message') return kept.message;
  const stub = parseDatagram(buildRequest({ method, uri: requestUri, headers: [], body: '' }));
  if (stub.kind !== 'message') throw new Error('a recorded Request-URI that is none');
  return stub.message;
}
