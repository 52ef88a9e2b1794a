import { createHash } from 'node:crypto';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { CounterMetric, FastHandler, FastRequest, FastResponse } from '@esinet/platform';
import type { AuditTrail } from '../audit/audit-trail.js';
import type { Authorities } from '../authorities.js';
import { currentSeals, mayLeave } from '../delivery/may-leave.js';
import {
  type ObjectAccessPorts,
  type OfferedObject,
  heldBack,
  objectAnswer,
  refusal,
} from '../delivery/object-access.js';
import type { HandoverDesk } from '../handover-desk.js';

export interface PublicSideOptions {
  readonly desk: HandoverDesk;
  readonly authorities: Authorities;
  readonly audit: AuditTrail;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Requests of the public side by what became of them. */
  readonly requests: CounterMetric;
  readonly refusalMs: number;
}

const objectId = /^\/objects\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/;

/** `GET /objects/{uuid}`: Model A, TS 103 707 C.2. */
export function objectRoute(o: PublicSideOptions): FastHandler {
  return async (request) => {
    const since = o.clock.now();
    const [, id] = objectId.exec(request.path) ?? [];
    if (request.method !== 'GET' || id === undefined) return refused(o, since, 'no-object');
    let answer;
    try {
      answer = await objectAnswer(id, request.clientFingerprint, portsOf(o));
      if (answer.kind === 'refused') {
        // A stranger must not be able to fill the audit.
        const authority = authorityOf(o, request);
        if (answer.why !== 'unknown' && answer.why !== 'stranger' && authority !== undefined) {
          await o.audit.write({
            what: 'fetch',
            who: `authority:${authority}`,
            authority,
            outcome: answer.why,
          });
        }
        return await refused(o, since, answer.why);
      }
      const { object, octets } = answer;
      await o.audit.write({
        ...{ what: 'fetch', who: `authority:${object.authority}`, case: object.case },
        ...{ authority: object.authority, outcome: 'given', counts: { bytes: octets.length } },
        digests: { object: sha256(octets) },
      });
    } catch (error) {
      // Nobody learns from a failure either that there is such an object.
      o.logger.error('handover-fetch-failed', { reason: messageOf(error) });
      return refused(o, since, 'failed');
    }
    o.requests.inc({ what: 'object', outcome: 'given' });
    return {
      status: 200,
      headers: {
        'Content-Type': answer.contentType,
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      },
      body: answer.octets,
    };
  };
}

/** Every refusal of the public side: the same octets, and not before the same time. */
export async function refused(o: PublicSideOptions, since: number, why: string): Promise<FastResponse> {
  o.requests.inc({ what: 'refused', outcome: why });
  await heldBack(o.clock, since, o.refusalMs);
  return { ...refusal };
}

export function authorityOf(
  o: Pick<PublicSideOptions, 'authorities'>,
  request: FastRequest,
): string | undefined {
  const { clientFingerprint: fingerprint } = request;
  return fingerprint === undefined ? undefined : o.authorities.byCertificate(fingerprint)?.id;
}

function portsOf({ desk, authorities, clock, logger }: PublicSideOptions): ObjectAccessPorts {
  const idOf = new WeakMap<OfferedObject, string>();
  return {
    clock,
    find: async (id) => {
      const found = await desk.objects.find(id);
      if (found) idOf.set(found, id);
      return found;
    },
    authorityOf: (fingerprint) => authorities.byCertificate(fingerprint)?.id,
    mayBeFetched: async (object) =>
      !authorities.isPaused(object.authority) &&
      mayLeave(await desk.get(object.case), idOf.get(object) ?? '', clock.wall()).kind === 'now',
    octets: async (id, object) => {
      const c = await desk.get(object.case);
      const octets = await desk.files.object(object.case, id);
      const digest =
        c &&
        currentSeals(c)
          .flatMap(({ objects }) => objects)
          .find((each) => each.id === id)?.digest;
      if (octets && sha256(octets) === digest) return octets;
      logger.error('handover-bytes-altered', { case: object.case });
      return undefined;
    },
  };
}

function sha256(octets: Buffer): string {
  return createHash('sha256').update(octets).digest('hex');
}
