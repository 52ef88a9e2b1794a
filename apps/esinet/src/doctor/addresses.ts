import { isIP } from 'node:net';
import type { ConfiguredListener } from './configured.js';
import { type Finding, fault, fine, warning } from './finding.js';

export interface AddressPorts {
  /** The addresses this machine has. */
  readonly own: readonly string[];
  /** Undefined where the port can be had; else who has it, or why not. */
  busy(
    listener: ConfiguredListener,
  ): Promise<{ readonly reason: string; readonly isOurs: boolean } | undefined>;
}

/** Whether listeners can be opened, and whether others can come to what they call themselves. RFC 3261 18.1.1, 16.6 */
export async function checkAddresses(
  listeners: readonly ConfiguredListener[],
  ports: AddressPorts,
): Promise<Finding[]> {
  return (await Promise.all(listeners.map((listener) => ofListener(listener, ports)))).flat();
}

async function ofListener(listener: ConfiguredListener, ports: AddressPorts): Promise<Finding[]> {
  const { path, transport, host, port, advertise } = listener;
  const where = `${path}: ${transport} ${host}:${port}`;
  if (isIP(host) !== 0 && !isWildcard(host) && !isLoopback(host) && !ports.own.includes(host)) {
    const what = `${where} is no address of this machine, which has ${ports.own.join(', ')}.`;
    return [fault(what, `Set the host of ${path} to one of them, or to 0.0.0.0 with advertise.`)];
  }
  const findings: Finding[] = [];
  const said = advertise === undefined ? undefined : advertise.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const isSip = transport !== 'http';
  const key = `advertise beside the host of ${path}`;
  if (isSip && isWildcard(host) && said === undefined)
    findings.push(
      warning(
        `${where} is every address of this machine, so Via and Record-Route name any one of them.`,
        `Set ${key} to the name or address others reach it by.`,
      ),
    );
  if (isSip && said !== undefined && isWildcard(said))
    findings.push(
      fault(
        `${where} calls itself ${said}, where nobody can send to.`,
        `Set ${key} to an address of this machine.`,
      ),
    );
  if (isSip && said !== undefined && !isLoopback(host) && isLoopback(said))
    findings.push(
      fault(
        `${where} calls itself ${said}: others would send to themselves.`,
        `Set ${key} to the name or address others reach it by.`,
      ),
    );
  const busy = port === 0 ? undefined : await ports.busy(listener);
  if (busy && !busy.isOurs)
    findings.push(
      fault(
        `${where} cannot be opened: ${busy.reason}.`,
        `End that program, or set another port at ${path}.`,
      ),
    );
  if (findings.length > 0) return findings;
  return [fine(busy ? `${where} is open already: ${busy.reason}.` : `${where} can be opened.`)];
}

function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.') || host === '::1' || host.toLowerCase() === 'localhost';
}
