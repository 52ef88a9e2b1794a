import { Resolver } from 'node:dns';
import { BlockList, type LookupFunction, isIP } from 'node:net';

/** Networks that are nobody's to name from outside: this machine, this link, private use, multicast (RFC 6890). */
const inner = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  inner.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 127],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const) {
  inner.addSubnet(network, prefix, 'ipv6');
}

/** Whether an address lies in the networks above; an IPv4 address in an IPv6 one counts as the former. */
export function isInnerAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && inner.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Name resolution for servers that others named: through the DNS, from the event loop, and to none of the addresses
 * above unless `isInnerAllowed`. What somebody writes into the DNS must not make us call our own machine.
 */
export function guardedLookup(o: {
  readonly servers?: readonly string[];
  readonly timeoutMs: number;
  readonly isInnerAllowed: boolean;
}): LookupFunction {
  const resolver = new Resolver({ timeout: o.timeoutMs, tries: 2 });
  if (o.servers && o.servers.length > 0) resolver.setServers([...o.servers]);
  return (hostname, options, callback) => {
    const both = Promise.allSettled(
      (['A', 'AAAA'] as const).map(
        (type) =>
          new Promise<string[]>((resolve) =>
            resolver.resolve(hostname, type, (error, found) =>
              resolve(error ? [] : (found as unknown as string[])),
            ),
          ),
      ),
    );
    void both.then((settled) => {
      const all = settled.flatMap((s) => (s.status === 'fulfilled' ? s.value : []));
      const addresses = all.filter((address) => o.isInnerAllowed || !isInnerAddress(address));
      const [first] = addresses;
      if (first === undefined) {
        const reason = all.length > 0 ? 'address not allowed' : 'no address';
        callback(Object.assign(new Error(reason), { code: all.length > 0 ? 'EACCES' : 'ENOTFOUND' }), '', 4);
      } else if (options.all) {
        callback(
          null,
          addresses.map((address) => ({ address, family: isIP(address) })),
        );
      } else callback(null, first, isIP(first));
    });
  };
}
