import { isIP } from 'node:net';
import { DEVICE_IDENTITY_KINDS, type DeviceIdentityKind, canonicalAddress, identityKey } from '@esinet/held';
import { z } from 'zod';

const KINDS: ReadonlySet<string> = new Set(DEVICE_IDENTITY_KINDS);
const PORTS: ReadonlySet<string> = new Set(['udpport', 'tcpport', 'sctpport', 'dccpport']);

/**
 * `kind:value` by RFC 6155: `ip:192.0.2.5`, `mac:A0-12-34-56-78-90`, `uri:sip:caller1@provider.lab`. One of several
 * devices behind an address: `ip:192.0.2.75;udpport=51393` (3.3). Gives the one spelling that all are compared in.
 */
export function identifierKey(text: string): string | undefined {
  const colon = text.indexOf(':');
  const kind = text.slice(0, colon);
  const value = text.slice(colon + 1).trim();
  if (!KINDS.has(kind) || value === '') return undefined;
  if (kind !== 'ip') return identityKey({ kind: kind as DeviceIdentityKind, value });
  const [address = '', port, more] = value.split(';', 3);
  if (isIP(address) === 0 || more !== undefined) return undefined;
  if (port === undefined) return `ip:${canonicalAddress(address)}`;
  const [name = '', number = ''] = port.split('=', 2);
  if (!PORTS.has(name) || !/^\d{1,5}$/.test(number) || Number(number) > 65_535) return undefined;
  return `ip:${canonicalAddress(address)};${name}=${Number(number)}`;
}

export const identifierSchema = z
  .string()
  .max(600)
  .transform((text, context) => {
    const key = identifierKey(text);
    if (key !== undefined) return key;
    context.addIssue({
      code: 'custom',
      message: 'expected an identifier such as ip:192.0.2.5 or uri:sip:user@example.org',
    });
    return z.NEVER;
  });
