import { readFileSync } from 'node:fs';
import { type Result, err, messageOf, ok } from '@esinet/kernel';
import { type PolicySet, type RoutingFacts, describedRequest, readSipRequest } from '@esinet/policy';
import type { Place } from '../place.js';
import { statesOf } from './policy-states.js';

/** A call as the options of `esinet policy test` describe it. */
export interface PolicyCallOptions {
  readonly request?: string;
  readonly uri?: string;
  readonly method?: string;
  readonly header?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Wall milliseconds. */
  readonly at?: number;
  readonly queue?: string;
  readonly nextHop?: string;
  readonly service?: string;
  readonly atPlace?: Place;
  /** Metres. */
  readonly radius?: number;
  readonly source?: string;
  readonly suspicion?: number;
  readonly verification?: NonNullable<RoutingFacts['callingNumberVerification']>;
  readonly state?: readonly string[];
  readonly posture?: readonly string[];
}

/** What the policies may look at; an error is a sentence about an option. */
export function factsOf(o: PolicyCallOptions, set: PolicySet, now: number): Result<RoutingFacts, string> {
  const request = requestOf(o);
  if (!request.ok) return request;
  const states = statesOf(o.state ?? [], o.posture ?? []);
  if (!states.ok) return states;
  const { requestUri } = request.value;
  const { atPlace, radius } = o;
  const position = atPlace && ([atPlace.longitude, atPlace.latitude] as const);
  if (radius !== undefined && !(radius > 0)) return err('--radius is metres, more than 0');
  return ok({
    request: request.value,
    now: o.at ?? now,
    incomingQueue: o.queue ?? onlyQueue(set) ?? requestUri,
    ...(o.nextHop !== undefined && { normalNextHop: o.nextHop }),
    lostService: o.service ?? requestUri,
    ...(position && {
      location: radius ? { type: 'circle', center: position, radius } : { type: 'point', position },
    }),
    ...(o.source !== undefined && { callSource: o.source }),
    ...(o.suspicion !== undefined && { callSuspicion: o.suspicion }),
    ...(o.verification && { callingNumberVerification: o.verification }),
    states: states.value,
  });
}

function requestOf(o: PolicyCallOptions): Result<RoutingFacts['request'], string> {
  try {
    if (o.request !== undefined) {
      if (o.uri !== undefined || o.method !== undefined || o.header || o.body !== undefined)
        return err('--request is the whole call: no --uri, --method, --header or --body beside it');
      const read = readSipRequest(readFileSync(o.request));
      return read.ok ? read : err(`${o.request} ${read.error}`);
    }
    const described = describedRequest({
      uri: o.uri ?? 'urn:service:sos',
      headers: o.header ?? [],
      ...(o.method !== undefined && { method: o.method.toUpperCase() }),
      ...(o.body !== undefined && { body: readFileSync(o.body) }),
    });
    return described.ok ? described : err(`the call as described ${described.error}`);
  } catch (error) {
    return err(messageOf(error));
  }
}

/** Where there is one incoming queue with a policy, calls come in on it. */
function onlyQueue(set: PolicySet): string | undefined {
  const queues = set.policies.filter(({ policyType }) => policyType === 'OriginationRoutePolicy');
  const [only] = queues;
  const name = queues.length === 1 ? only?.policyQueueName : undefined;
  return name === '*' ? undefined : name;
}
