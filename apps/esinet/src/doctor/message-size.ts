import { type ConfiguredHop, hopText } from './configured.js';
import { type Finding, fine, warning } from './finding.js';

/** RFC 3261 18.1.1: what goes into one Ethernet frame, less 200 for what is added on the way. */
const datagramBytes = 1_300;
/** A start of a chat with a circle by value, as an app sends it. */
const startBytes = 2_500;

export interface SizeLimits {
  readonly message: { readonly maxMessage: number };
  readonly transport: { readonly maxDatagramBytes: number };
}

/** Whether messages with a location find their way. `texts`: what receivers take at most, by place. */
export function checkMessageSize(
  hops: readonly ConfiguredHop[],
  limits: SizeLimits,
  texts: readonly { readonly path: string; readonly bytes: number }[],
): Finding[] {
  const findings: Finding[] = [];
  const { maxMessage } = limits.message;
  for (const { path, hop } of hops) {
    if (hop.transport !== 'udp') continue;
    const to = `${path}: ${hopText(hop)}`;
    findings.push(
      warning(
        `${to} is UDP: a start with a location by value has about ${startBytes} octets and goes in fragments, where more than ${datagramBytes} should not (RFC 3261 18.1.1).`,
        `Use tcp: or tls: at ${path}; what is lost of a fragment is lost whole.`,
      ),
    );
    if (maxMessage > limits.transport.maxDatagramBytes)
      findings.push(
        warning(
          `${to}: messages of up to ${maxMessage} octets are taken in, and no datagram may have more than ${limits.transport.maxDatagramBytes}.`,
          `Use tcp: or tls: at ${path}, or lower limits.message.maxMessage.`,
        ),
      );
  }
  for (const { path, bytes } of texts) {
    if (bytes >= startBytes) continue;
    findings.push(
      warning(
        `${path}: texts of more than ${bytes} octets are refused at the end of the way, though all before take them.`,
        `Raise ${path}.`,
      ),
    );
  }
  if (findings.length > 0) return findings;
  return [fine(`Messages of up to ${maxMessage} octets go all the way over streams.`)];
}
