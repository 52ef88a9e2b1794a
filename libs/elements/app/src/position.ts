import { type DeviceIdentity, httpHeldClient } from '@esinet/held';
import { type Result, err, ok } from '@esinet/kernel';
import type { FurtherLocation } from '@esinet/lmpe-client';

export interface PositionQuestion {
  /** URL of the LIS. */
  readonly held: string;
  /** What the LIS knows the device by (RFC 6155); empty: the address the question comes from. */
  readonly device: readonly DeviceIdentity[];
  /** Milliseconds the LIS may take, or what the location is for (RFC 5985 6.1). */
  readonly responseTime?: number | 'emergencyRouting' | 'emergencyDispatch';
}

/** What a LIS knows of the APP's own place: by value first, which routes a chat; by reference, which stays true. */
export interface Position {
  readonly locations: readonly FurtherLocation[];
  /** Until when the references are good. */
  readonly expires?: string;
  readonly milliseconds: number;
}

/**
 * Asks a LIS where this device is (HELD-1, RFC 5985 4), for an APP that has no position of its own. The error of the
 * Result is for people: a HELD error, or why there was no answer.
 */
export async function askPosition(q: PositionQuestion): Promise<Result<Position, string>> {
  const client = httpHeldClient({ url: q.held, allowedHosts: [] });
  const started = performance.now();
  const answer = await client.request({
    type: 'locationRequest',
    responseTime: q.responseTime ?? 'emergencyRouting',
    locationTypes: ['geodetic', 'civic', 'locationURI'],
    exact: false,
    device: q.device,
  });
  const milliseconds = performance.now() - started;
  client.close();
  if (!answer.ok) {
    const { heldCode, message } = answer.error;
    return err(heldCode === undefined ? `${q.held}: ${message}` : `${heldCode}: ${message}`);
  }
  const { pidfLo, locationUris, expires } = answer.value;
  return ok({
    locations: [
      ...(pidfLo === undefined ? [] : [{ pidfLo }]),
      ...(locationUris ?? []).map((uri) => ({ uri })),
    ],
    ...(expires !== undefined && { expires }),
    milliseconds,
  });
}
