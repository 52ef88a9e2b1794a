import { escapeAttribute, escapeText } from '@esinet/xml';
import {
  type DeviceIdentity,
  HELD_ID_NS,
  HELD_NS,
  HELD_POLICY_NS,
  HELD_REFERENCE_NS,
  HELD_ROUTING_NS,
  type HeldAnswer,
  type HeldErrorAnswer,
  type HeldRequest,
  type LocationResponse,
  type ReferenceWishes,
  type RoutingInformation,
} from './messages.js';
import { writeFlow } from './flow-identity.js';

/** No line end behind it: a client in the field (Kamailio 5.6 as it is delivered) keeps the first line only. */
const PROLOGUE = '<?xml version="1.0" encoding="UTF-8"?>';

/** Writes a request, valid by the schema of RFC 5985 section 7. */
export function writeHeldRequest(r: HeldRequest): string {
  const responseTime = r.responseTime === undefined ? '' : ` responseTime="${r.responseTime}"`;
  const any = r.locationTypes.length === 0 || r.locationTypes.includes('any');
  const types = any
    ? ''
    : `<locationType exact="${r.exact}">${r.locationTypes.map(escapeText).join(' ')}</locationType>`;
  const flow = r.flow ? writeFlow(r.flow) : '';
  const policy = r.policyUri ? `<requestPolicyUri xmlns="${HELD_POLICY_NS}"/>` : '';
  const routing =
    r.routing === undefined
      ? ''
      : `<requestRoutingInformation xmlns="${HELD_ROUTING_NS}" service="${escapeAttribute(r.routing)}"/>`;
  const inside = types + writeDevice(r.device) + flow + policy + routing + writeReference(r.reference);
  return `${PROLOGUE}<locationRequest xmlns="${HELD_NS}"${responseTime}>${inside}</locationRequest>`;
}

function writeReference(wishes: ReferenceWishes | undefined): string {
  if (!wishes) return '';
  const { expires, uses, snapshot } = wishes;
  return (
    `<reference xmlns="${HELD_REFERENCE_NS}"` +
    (expires === undefined ? '' : ` expires="${Math.ceil(expires / 1_000)}"`) +
    (uses === undefined ? '' : ` uses="${uses}"`) +
    (snapshot === undefined ? '' : ` snapshot="${snapshot}"`) +
    '/>'
  );
}

/** Writes an answer, valid by the schema of RFC 5985 section 7. */
export function writeHeldAnswer(a: HeldAnswer): string {
  return PROLOGUE + (a.type === 'error' ? writeError(a) : writeLocationResponse(a));
}

function writeLocationResponse(a: LocationResponse): string {
  const uris = a.locationUris ?? [];
  const set =
    uris.length === 0
      ? ''
      : `<locationUriSet expires="${escapeAttribute(a.expires ?? '')}">` +
        `${uris.map((uri) => `<locationURI>${escapeText(uri)}</locationURI>`).join('')}</locationUriSet>`;
  const pidfLo = a.pidfLo === undefined ? '' : withoutProlog(a.pidfLo);
  const policy =
    a.policyUri === undefined
      ? ''
      : `<policyUri xmlns="${HELD_POLICY_NS}">${escapeText(a.policyUri)}</policyUri>`;
  const inside =
    set + pidfLo + writeDevice(a.device ?? []) + policy + (a.routing ? writeRouting(a.routing) : '');
  return `<locationResponse xmlns="${HELD_NS}">${inside}</locationResponse>`;
}

/** RFC 7840 6 */
function writeRouting({ service, destinations, defaultRoute }: RoutingInformation): string {
  const dest = destinations.map((uri) => `<dest>${escapeText(uri)}</dest>`).join('');
  return (
    `<routingInformation xmlns="${HELD_ROUTING_NS}">` +
    `<service${defaultRoute ? ' defaultRoute="true"' : ''} serviceUri="${escapeAttribute(service)}">${dest}</service>` +
    '</routingInformation>'
  );
}

function writeError(a: HeldErrorAnswer): string {
  const required = a.requiredIdentifiers ?? [];
  return (
    `<error xmlns="${HELD_NS}" code="${escapeAttribute(a.code)}">` +
    (a.message === '' ? '' : `<message xml:lang="en">${escapeText(a.message)}</message>`) +
    (required.length === 0
      ? ''
      : `<requiredIdentifiers xmlns="${HELD_ID_NS}">${required.join(' ')}</requiredIdentifiers>`) +
    `</error>`
  );
}

function writeDevice(identities: readonly DeviceIdentity[]): string {
  const known = identities.filter((i) => i.kind !== 'other');
  if (known.length === 0) return '';
  const elements = known.map((i) => {
    const version = i.kind === 'ip' ? ` v="${i.version === '6' ? '6' : '4'}"` : '';
    return `<${i.kind}${version}>${escapeText(i.value)}</${i.kind}>`;
  });
  return `<device xmlns="${HELD_ID_NS}">${elements.join('')}</device>`;
}

/** A document that goes inside of another leaves its XML declaration behind. */
function withoutProlog(document: string): string {
  const text = document.trimStart();
  if (!text.startsWith('<?xml')) return text;
  return text.slice(text.indexOf('?>') + 2).trimStart();
}
