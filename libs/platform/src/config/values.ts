import { isIP } from 'node:net';
import { z } from 'zod';
import { durationOf } from './duration.js';

const hostCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789-';

/** A host name (RFC 1123) or an IP literal without brackets. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  if (text.length === 0 || text.length > 253) return false;
  const labels = text.toLowerCase().split('.');
  // All digits in the last label would be a broken IPv4 address, not a name.
  if (Number.isInteger(Number(labels.at(-1)))) return false;
  return labels.every(
    (label) =>
      label.length > 0 &&
      label.length <= 63 &&
      !label.startsWith('-') &&
      !label.endsWith('-') &&
      [...label].every((char) => hostCharacters.includes(char)),
  );
}

/** `sip:user@host:port;…` or `sips:…`, or an emergency service URN. Only what a configuration needs is looked at. */
export function isSipUri(text: string): boolean {
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return false;
  const rest = text.slice(scheme.length + 1);
  const end = [...rest].findIndex((char) => char === ';' || char === '?');
  const address = end < 0 ? rest : rest.slice(0, end);
  const at = address.lastIndexOf('@');
  if (at === 0) return false;
  return hostPort(address.slice(at + 1)) !== undefined && !hasBlank(text);
}

/** Reads `host`, `host:port`, `[v6]` or `[v6]:port`. */
export function hostPort(text: string): { host: string; port?: number } | undefined {
  const closing = text.startsWith('[') ? text.indexOf(']') : -1;
  const colon = text.indexOf(':', Math.max(0, closing));
  const host = closing > 0 ? text.slice(1, closing) : colon < 0 ? text : text.slice(0, colon);
  if (closing > 0 && isIP(host) !== 6) return undefined;
  if (closing > 0 && colon < 0 && closing !== text.length - 1) return undefined;
  if (closing > 0 && colon >= 0 && colon !== closing + 1) return undefined;
  if (!isHost(host)) return undefined;
  if (colon < 0) return { host };
  const port = portOf(text.slice(colon + 1));
  return port === undefined || port === 0 ? undefined : { host, port };
}

/** 0 to 65535 in plain decimal digits. */
export function portOf(text: string): number | undefined {
  if (text === '' || text.length > 5) return undefined;
  for (const char of text) if (char < '0' || char > '9') return undefined;
  const port = Number(text);
  return port <= 65_535 ? port : undefined;
}

/** TCP or UDP port; 0 takes any free one. */
export const portSchema = z
  .int('expected a port number')
  .min(0, 'a port is 0 to 65535')
  .max(65_535, 'a port is 0 to 65535');

export const hostSchema = z.string().refine(isHost, 'expected a host name or an IP address');

/** Domain names are compared in lower case. */
export const domainSchema = z
  .string()
  .refine((text) => isHost(text) && isIP(text) === 0, 'expected a domain name')
  .transform((text) => text.toLowerCase());

export const sipUriSchema = z.string().refine(isSipUri, 'expected a SIP URI such as sip:madrid@esinet.lab');

export const httpUrlSchema = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:') && url.username === '';
}, 'expected an http or https URL');

/** A time span; milliseconds as a number, or text with a unit. Gives milliseconds. */
export const durationSchema = z.union([z.number(), z.string()]).transform((value, context) => {
  const ms = durationOf(value);
  if (ms !== undefined) return ms;
  context.addIssue({
    code: 'custom',
    message: 'expected a duration such as 500 ms, 1.5 s, 2 min, 1 h or 30 d',
  });
  return z.NEVER;
});

/** Where an HTTP server of an element listens. */
export function listenSchema(defaults: { readonly host?: string; readonly port: number }) {
  return z
    .strictObject({
      host: hostSchema.default(defaults.host ?? '127.0.0.1'),
      port: portSchema.default(defaults.port),
    })
    .prefault({});
}

function hasBlank(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) <= 0x20) return true;
  return false;
}
