import type { HeaderEdit, SipMessage } from '@esinet/sip';

/** RFC 6442 4.4. */
export type GeolocationErrorCode = 100 | 202 | 300;

const texts: Readonly<Record<GeolocationErrorCode, string>> = {
  100: 'Cannot Process Location',
  202: 'Permission to Route based on Location Information',
  300: 'Dereference Failure',
};

/**
 * What tells the caller in the response that no location of the request could be used. RFC 6442 4.4: only where the
 * request had a Geolocation, and one value at most; what the far end says itself stays as it is (4.3). A 424 would say
 * the same by refusing the call, which no emergency is for its location.
 */
export function geolocationError(
  request: SipMessage,
  code: GeolocationErrorCode | undefined,
): ((response: SipMessage) => readonly HeaderEdit[]) | undefined {
  if (code === undefined || !request.has('Geolocation')) return undefined;
  const edits: readonly HeaderEdit[] = [
    { op: 'append', name: 'Geolocation-Error', value: `${code};code="${texts[code]}"` },
  ];
  return (response) => (response.status === 424 || response.has('Geolocation-Error') ? [] : edits);
}
