import type { Clock } from '@esinet/kernel';
import type { PidfLo } from '@esinet/location';
import {
  CIVIC,
  GEODETIC_2D,
  type LostAnswer,
  type LostClient,
  type LostLocation,
  type Mapping,
} from '@esinet/lost';
import type { EcrfBreaker } from './ecrf-breaker.js';
import { type MappingCache, boundaryId } from './mapping-cache.js';
import type { Failure } from './policy.js';
import { within } from './within.js';

/** Where calls for a service at a location go, and how that was found out. */
export type ServiceMapping =
  | {
      readonly how: 'lost' | 'cache' | 'stale';
      readonly uris: readonly string[];
      readonly boundaryId: string;
    }
  | { readonly how: 'none'; readonly failure: Failure };

export interface MappingPorts {
  readonly lost: LostClient;
  /** The client for the server a redirect names, if that one may be asked. RFC 5222 13.3 */
  readonly lostAt?: (target: string) => LostClient | undefined;
  readonly cache: MappingCache;
  readonly breaker: EcrfBreaker;
  readonly clock: Clock;
}

type Asked =
  | { readonly kind: 'mapping'; readonly mapping: Mapping }
  /** The ECRF answered, and has none. */
  | { readonly kind: 'no'; readonly failure: Failure }
  /** It did not answer, or with what is none. */
  | { readonly kind: 'away'; readonly failure: Failure };

/**
 * Maps service and location to next hops (RFC 5222 8): a cached boundary that holds the location, else the ECRF, else
 * the cache beyond its time. Never rejects and never takes longer than `budgetMs`.
 */
export async function serviceMapping(
  service: string,
  pidfLo: PidfLo,
  budgetMs: number,
  ports: MappingPorts,
): Promise<ServiceMapping> {
  const shape = pidfLo.shapes[0];
  const fresh = shape && ports.cache.find(service, shape, 'fresh');
  if (fresh) return { how: 'cache', uris: fresh.uris, boundaryId: fresh.boundaryId };

  const asked = await askWithin(service, pidfLo, budgetMs, ports);
  if (asked.kind === 'mapping') {
    ports.cache.remember(service, asked.mapping);
    return { how: 'lost', uris: asked.mapping.uris, boundaryId: boundaryId(asked.mapping) };
  }
  const stale = asked.kind === 'away' && shape ? ports.cache.find(service, shape, 'stale') : undefined;
  if (stale) return { how: 'stale', uris: stale.uris, boundaryId: stale.boundaryId };
  return { how: 'none', failure: asked.failure };
}

async function askWithin(
  service: string,
  pidfLo: PidfLo,
  budgetMs: number,
  ports: MappingPorts,
): Promise<Asked> {
  if (budgetMs <= 0) return away(504, 'lost: no time left');
  if (!ports.breaker.mayAsk()) return away(503, 'lost: breaker open');
  let asked: Asked | 'timeout';
  try {
    asked = await within(ports.clock, budgetMs, (signal) => ask(service, pidfLo, signal, ports));
  } catch {
    asked = away(500, 'lost: client failed');
  }
  if (asked === 'timeout') asked = away(504, 'lost: timeout');
  if (asked.kind === 'away') ports.breaker.failed();
  else ports.breaker.succeeded();
  return asked;
}

/**
 * RFC 5222 12.1, rules 3 and 4: a geodetic and a civic location are two questions. The one that counts first is asked,
 * and the other where there is no mapping for it.
 */
async function ask(
  service: string,
  pidfLo: PidfLo,
  signal: AbortSignal,
  ports: MappingPorts,
): Promise<Asked> {
  let first: Asked | undefined;
  for (const location of lostLocations(pidfLo)) {
    const asked = await askAt(service, location, signal, ports);
    if (asked.kind === 'mapping') return asked;
    first ??= asked;
    if (asked.kind === 'away') break;
  }
  return first ?? { kind: 'no', failure: { cause: 404, text: 'lost: no location' } };
}

/** One question, one redirect at most, and the parent service where a sub-service is unknown (RFC 5031 4.2). */
async function askAt(
  service: string,
  location: LostLocation,
  signal: AbortSignal,
  ports: MappingPorts,
): Promise<Asked> {
  const first = await findService(ports.lost, service, location, signal, ports);
  if (first.kind !== 'no' || service === 'urn:service:sos') return first;
  const parent = await findService(ports.lost, 'urn:service:sos', location, signal, ports);
  return parent.kind === 'mapping' ? parent : first;
}

async function findService(
  client: LostClient,
  service: string,
  location: LostLocation,
  signal: AbortSignal,
  ports: MappingPorts,
): Promise<Asked> {
  const request = {
    type: 'findService' as const,
    locations: [location],
    service,
    recursive: true,
    validateLocation: false,
    serviceBoundary: 'value' as const,
    path: [],
  };
  const answer = await client.ask(request, { signal });
  if (!answer.ok) return away(answer.error.code === 'timeout' ? 504 : 503, `lost: ${answer.error.code}`);
  if (answer.value.type !== 'redirect') return read(answer.value);
  const other = ports.lostAt?.(answer.value.target);
  if (!other) return away(502, 'lost: redirect refused');
  const second = await other.ask(request, { signal });
  if (!second.ok)
    return away(second.error.code === 'timeout' ? 504 : 503, `lost: redirect ${second.error.code}`);
  return second.value.type === 'redirect' ? away(482, 'lost: redirect again') : read(second.value);
}

/** RFC 5222 13.1: the errors that say something about the question, not about the server. */
const saysNo = new Set([
  'notFound',
  'serviceNotImplemented',
  'locationInvalid',
  'locationProfileUnrecognized',
  'SRSInvalid',
  'badRequest',
  'forbidden',
]);

function read(answer: LostAnswer): Asked {
  if (answer.type === 'findServiceResponse') {
    for (const mapping of answer.mappings) {
      const uris = mapping.uris.filter(isSip);
      if (uris.length > 0) return { kind: 'mapping', mapping: { ...mapping, uris } };
    }
    return { kind: 'no', failure: { cause: 404, text: 'lost: no sip uri' } };
  }
  if (answer.type === 'errors') {
    const code = answer.errors[0]?.code ?? 'internalError';
    return saysNo.has(code)
      ? { kind: 'no', failure: { cause: 404, text: `lost: ${code}` } }
      : away(503, `lost: ${code}`);
  }
  return away(502, 'lost: wrong answer');
}

/** The first location of each kind, in the order in which they count (RFC 5491 3), with all that an address says. */
function lostLocations(pidfLo: PidfLo): LostLocation[] {
  const locations: LostLocation[] = [];
  for (const location of pidfLo.locations) {
    if (locations.some((l) => l.id === location.kind)) continue;
    locations.push(
      location.kind === 'geodetic'
        ? { id: 'geodetic', profile: GEODETIC_2D, shape: location.shape }
        : { id: 'civic', profile: CIVIC, civic: location.civic },
    );
  }
  return locations;
}

function isSip(uri: string): boolean {
  const scheme = uri.slice(0, uri.indexOf(':')).toLowerCase();
  return scheme === 'sip' || scheme === 'sips';
}

function away(cause: number, text: string): Asked {
  return { kind: 'away', failure: { cause, text } };
}
