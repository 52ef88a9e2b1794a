import { DEVICE_IDENTITY_KINDS, type DeviceIdentity } from '@esinet/held/messages';
import { type Result, err, ok } from '@esinet/kernel';

/**
 * What a LIS may know a device by, as people write it: `uri:sip:ana@provider.lab`, `ip:203.0.113.7`, `imei:…`
 * (RFC 6155 3); `address` is the address the question comes from.
 */
export function parseDevice(text: string): Result<readonly DeviceIdentity[], string> {
  if (text === 'address') return ok([]);
  const colon = text.indexOf(':');
  const kind = DEVICE_IDENTITY_KINDS.find((each) => each === text.slice(0, colon).toLowerCase());
  const value = text.slice(colon + 1).trim();
  if (kind === undefined || value === '') {
    return err(`an identity is KIND:VALUE with one of ${DEVICE_IDENTITY_KINDS.join(', ')}; or: address`);
  }
  return ok([{ kind, value, ...(kind === 'ip' && { version: value.includes(':') ? '6' : '4' }) }]);
}
