import {
  DEVICE_IDENTITY_KINDS,
  type DeviceIdentity,
  type RoutingInformation,
  httpHeldClient,
} from '@esinet/held';
import { type Result, err, ok } from '@esinet/kernel';
import { type CivicAddress, type Confidence, type Shape, readPidfLo } from '@esinet/location';

export interface LisQuestion {
  /** URL of HELD. */
  readonly held: string;
  /** Empty: the address that the question comes from. */
  readonly device: readonly DeviceIdentity[];
  readonly responseTime?: number | 'emergencyRouting' | 'emergencyDispatch';
  /** RFC 7840: the service URN whose destinations are wanted too. */
  readonly routing?: string;
  /** A location URI as well. */
  readonly reference?: boolean;
}

/** What a LIS said. */
export interface LisAnswer {
  readonly shapes: readonly Shape[];
  readonly civics: readonly CivicAddress[];
  readonly confidence?: Confidence;
  readonly method?: string;
  /** xs:dateTime: when the device was there. */
  readonly timestamp?: string;
  readonly locationUris: readonly string[];
  /** Until when these work. */
  readonly expires?: string;
  readonly routing?: RoutingInformation;
  readonly milliseconds: number;
}

/** Asks a LIS where a device is, for people at a terminal. `refused`: a HELD error; else there was no answer. */
export async function askLis(
  q: LisQuestion,
): Promise<Result<LisAnswer, { readonly refused: boolean; readonly message: string }>> {
  const client = httpHeldClient({ url: q.held, allowedHosts: [] });
  const started = performance.now();
  const answer = await client.request({
    type: 'locationRequest',
    ...(q.responseTime === undefined ? {} : { responseTime: q.responseTime }),
    locationTypes: q.reference ? ['geodetic', 'civic', 'locationURI'] : ['geodetic', 'civic'],
    exact: false,
    device: q.device,
    ...(q.routing === undefined ? {} : { routing: q.routing }),
  });
  const milliseconds = performance.now() - started;
  client.close();
  if (!answer.ok) {
    const { heldCode, message } = answer.error;
    return err({ refused: heldCode !== undefined, message: heldCode ?? message });
  }
  const { pidfLo, locationUris = [], expires, routing } = answer.value;
  const read = pidfLo === undefined ? undefined : readPidfLo(pidfLo);
  const place = read?.ok ? read.value : undefined;
  const confidence = place?.locations[0]?.confidence;
  return ok({
    shapes: place?.shapes ?? [],
    civics: place?.civics ?? [],
    ...(confidence ? { confidence } : {}),
    ...(place?.method === undefined ? {} : { method: place.method }),
    ...(place?.timestamp === undefined ? {} : { timestamp: place.timestamp }),
    locationUris,
    ...(expires === undefined ? {} : { expires }),
    ...(routing ? { routing } : {}),
    milliseconds,
  });
}

/**
 * A device as people write it: `uri:sip:ana@provider.lab`, `ip:192.0.2.7`, `msisdn:34600000000` (RFC 6155 3); `sip:…`,
 * `sips:…` and `tel:…` stand for a URI; `address` is the address the question comes from. Undefined: none of these.
 */
export function deviceQuestion(text: string): readonly DeviceIdentity[] | undefined {
  if (text === 'address') return [];
  if (/^(sips?|tel|pres|im|xmpp):/i.test(text)) return [{ kind: 'uri', value: text }];
  const colon = text.indexOf(':');
  const kind = DEVICE_IDENTITY_KINDS.find((each) => each === text.slice(0, colon).toLowerCase());
  const value = text.slice(colon + 1).trim();
  return kind === undefined || value === '' ? undefined : [{ kind, value }];
}
