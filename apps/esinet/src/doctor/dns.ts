import { isIP } from 'node:net';
import { type Destination, type DnsPort, parseUri } from '@esinet/sip';
import type { ConfiguredHop } from './configured.js';
import { type Finding, fault, fine } from './finding.js';

export interface DnsPorts {
  readonly dns: DnsPort;
  /** RFC 3263, as the elements do it. */
  locate(uri: string): Promise<readonly Destination[]>;
}

/** Whether next hops by name lead somewhere, and by which records. RFC 3263 4 */
export async function checkDns(hops: readonly ConfiguredHop[], ports: DnsPorts): Promise<Finding[]> {
  const named = hops.flatMap(({ path, hop }) => ('uri' in hop ? [{ path, uri: hop.uri }] : []));
  const findings = await Promise.all(named.map(({ path, uri }) => ofName(path, uri, ports)));
  if (named.length === 0) return [fine('No next hop is a name: the DNS is not asked for any.')];
  return findings.flat();
}

async function ofName(path: string, text: string, { dns, locate }: DnsPorts): Promise<Finding[]> {
  const uri = parseUri(text);
  if (!uri || isIP(uri.host) !== 0) return [];
  const findings: Finding[] = [];
  const records: string[] = [];
  if (uri.port === undefined) {
    const naptr = await dns.resolveNaptr(uri.host).catch(() => []);
    const services = naptr.filter(({ service }) => /^SIPS?\+D2[UTSW]$/i.test(service));
    if (services.length > 0) records.push('NAPTR');
    const names =
      services.length > 0
        ? services.map(({ replacement }) => replacement)
        : uri.scheme === 'sips'
          ? [`_sips._tcp.${uri.host}`]
          : [`_sip._udp.${uri.host}`, `_sip._tcp.${uri.host}`, `_sips._tcp.${uri.host}`];
    for (const name of new Set(names)) {
      const servers = await dns.resolveSrv(name).catch(() => []);
      if (servers.length > 0) records.push(`SRV ${name}`);
      if (servers.length === 0 && services.length > 0) {
        const fix = `Add the SRV records of ${name}, or take it out of the NAPTR records of ${uri.host}.`;
        findings.push(fault(`${path}: NAPTR of ${uri.host} names ${name}, which has no SRV record.`, fix));
      }
      for (const server of servers) {
        if (await hasAddress(dns, server.name)) continue;
        const fix = `Add an A or AAAA record for ${server.name}, or take it out of the SRV records of ${name}.`;
        findings.push(fault(`${path}: SRV of ${name} names ${server.name}, which has no address.`, fix));
      }
    }
  }
  if (records.length === 0 && (await hasAddress(dns, uri.host))) records.push('A or AAAA');
  const found = await locate(text);
  if (found.length === 0) {
    const fix = `Correct the name at ${path}, or add NAPTR, SRV or A records for ${uri.host} in the DNS of this machine.`;
    return [...findings, fault(`${path}: ${text} leads nowhere.`, fix)];
  }
  const where = found.map(({ transport, address, port }) => `${transport} ${address}:${port}`).join(', ');
  return [
    ...findings,
    fine(`${path}: ${uri.host} leads to ${where} (${records.join(', ') || 'the host table'}).`),
  ];
}

async function hasAddress(dns: DnsPort, name: string): Promise<boolean> {
  const answers = await Promise.allSettled([dns.resolve4(name), dns.resolve6(name)]);
  return answers.some((answer) => answer.status === 'fulfilled' && answer.value.length > 0);
}
