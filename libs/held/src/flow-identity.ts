import { isIPv4, isIPv6 } from 'node:net';
import { type Result, err, ok } from '@esinet/kernel';
import { type XmlElement, attribute, child, escapeText } from '@esinet/xml';
import { HeldError } from './held-error.js';
import { type DeviceIdentity, type FlowIdentity, HELD_FLOW_NS } from './messages.js';

/** IANA protocol numbers of the transports that have a name here. */
const NUMBERS: Readonly<Record<string, FlowIdentity['transport']>> = {
  '6': 'tcp',
  '17': 'udp',
  '33': 'dccp',
  '132': 'sctp',
};
const NAMES: ReadonlySet<string> = new Set(['udp', 'tcp', 'sctp', 'dccp']);

interface End {
  readonly address: string;
  readonly port: number;
}

/** RFC 6915 section 3. What is not a flow is `badIdentifier`. */
export function readFlow(flow: XmlElement): Result<FlowIdentity, HeldError> {
  const layer3 = attribute(flow, 'layer3')?.trim();
  if (layer3 !== 'ipv4' && layer3 !== 'ipv6') return bad('layer3 is neither ipv4 nor ipv6');
  const layer4 = attribute(flow, 'layer4')?.trim() ?? '';
  const named = NAMES.has(layer4) ? (layer4 as FlowIdentity['transport']) : NUMBERS[String(Number(layer4))];
  if (named === undefined && !(/^\d{1,3}$/.test(layer4) && Number(layer4) <= 255))
    return bad('layer4 is no transport protocol');
  const target = attribute(flow, 'target')?.trim() ?? 'src';
  if (target !== 'src' && target !== 'dst') return bad('target is neither src nor dst');
  const ends: Record<string, End> = {};
  for (const name of ['src', 'dst']) {
    const end = endOf(child(flow, HELD_FLOW_NS, name), layer3);
    if (!end) return bad(`${name} is no address and port`);
    ends[name] = end;
  }
  const end = ends[target];
  return end ? ok({ ...end, transport: named ?? Number(layer4) }) : bad('no target');
}

function endOf(element: XmlElement | undefined, layer3: 'ipv4' | 'ipv6'): End | undefined {
  const address = element && child(element, HELD_FLOW_NS, 'address')?.text.trim();
  const port = element && child(element, HELD_FLOW_NS, 'port')?.text.trim();
  if (address === undefined || port === undefined) return undefined;
  if (layer3 === 'ipv4' ? !isIPv4(address) : !isIPv6(address)) return undefined;
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) return undefined;
  return { address, port: Number(port) };
}

/** The same device in the words of RFC 6155 3.1 and 3.3. A transport without a name leaves the address alone. */
export function identitiesOfFlow(flow: FlowIdentity): DeviceIdentity[] {
  const ip: DeviceIdentity = {
    kind: 'ip',
    value: flow.address,
    version: isIPv6(flow.address) ? '6' : '4',
  };
  if (typeof flow.transport === 'number') return [ip];
  return [ip, { kind: `${flow.transport}port`, value: String(flow.port) }];
}

/** A flow whose other end is not known here and says nothing. */
export function writeFlow(flow: FlowIdentity): string {
  const version = isIPv6(flow.address) ? 'ipv6' : 'ipv4';
  const end = (name: string, address: string, port: number): string =>
    `<${name}><address>${escapeText(address)}</address><port>${port}</port></${name}>`;
  const nowhere = version === 'ipv6' ? '::' : '0.0.0.0';
  return (
    `<flow xmlns="${HELD_FLOW_NS}" layer3="${version}" layer4="${flow.transport}">` +
    end('src', flow.address, flow.port) +
    end('dst', nowhere, 1) +
    '</flow>'
  );
}

function bad(message: string): { readonly ok: false; readonly error: HeldError } {
  return err(new HeldError('badIdentifier', message));
}
