import type { WireEvent } from '@esinet/app-esinet';

/** LINKTYPE_RAW: packets begin with their IP header. */
const rawIp = 101;
const protocols = { udp: 17, tcp: 6 } as const;
/** PSH and ACK: every message is pushed as one segment. */
const pushed = 0x18;

/**
 * What an element sent and got, as a capture that other programs read: each message in one packet, with headers of IPv4
 * and UDP or TCP before it. TLS and WebSocket are left out: what is known of them is inside.
 */
export class Capture {
  readonly #packets: Buffer[] = [header()];
  readonly #sequence = new Map<string, number>();

  /** Messages in it. */
  get size(): number {
    return (this.#packets.length - 1) / 2;
  }

  add({ direction, flow, bytes, at }: WireEvent): void {
    if (flow.transport !== 'udp' && flow.transport !== 'tcp') return;
    const here = { address: flow.localAddress, port: flow.localPort };
    const there = { address: flow.remoteAddress, port: flow.remotePort };
    const [from, to] = direction === 'out' ? [here, there] : [there, here];
    const segment = flow.transport === 'udp' ? udp(from.port, to.port, bytes) : this.#tcp(from, to, bytes);
    const packet = ipv4(protocols[flow.transport], from.address, to.address, segment);
    const record = Buffer.alloc(16);
    record.writeUInt32LE(Math.floor(at / 1_000), 0);
    record.writeUInt32LE(Math.floor((at % 1_000) * 1_000), 4);
    record.writeUInt32LE(packet.length, 8);
    record.writeUInt32LE(packet.length, 12);
    this.#packets.push(record, packet);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#packets);
  }

  #tcp(from: End, to: End, bytes: Buffer): Buffer {
    const ours = `${from.address} ${from.port} ${to.address} ${to.port}`;
    const theirs = `${to.address} ${to.port} ${from.address} ${from.port}`;
    const sequence = this.#sequence.get(ours) ?? 1;
    this.#sequence.set(ours, (sequence + bytes.length) >>> 0);
    const head = Buffer.alloc(20);
    head.writeUInt16BE(from.port, 0);
    head.writeUInt16BE(to.port, 2);
    head.writeUInt32BE(sequence, 4);
    head.writeUInt32BE(this.#sequence.get(theirs) ?? 1, 8);
    head[12] = 5 << 4;
    head[13] = pushed;
    head.writeUInt16BE(65_535, 14);
    return Buffer.concat([head, bytes]);
  }
}

interface End {
  readonly address: string;
  readonly port: number;
}

function header(): Buffer {
  const head = Buffer.alloc(24);
  head.writeUInt32LE(0xa1b2c3d4, 0);
  head.writeUInt16LE(2, 4);
  head.writeUInt16LE(4, 6);
  head.writeUInt32LE(262_144, 16);
  head.writeUInt32LE(rawIp, 20);
  return head;
}

function udp(from: number, to: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt16BE(from, 0);
  head.writeUInt16BE(to, 2);
  head.writeUInt16BE(8 + bytes.length, 4);
  return Buffer.concat([head, bytes]);
}

function ipv4(protocol: number, from: string, to: string, segment: Buffer): Buffer {
  const head = Buffer.alloc(20);
  head[0] = 0x45;
  head.writeUInt16BE(20 + segment.length, 2);
  head[8] = 64;
  head[9] = protocol;
  Buffer.from(from.split('.').map(Number)).copy(head, 12);
  Buffer.from(to.split('.').map(Number)).copy(head, 16);
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += head.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  head.writeUInt16BE(~sum & 0xffff, 10);
  return Buffer.concat([head, segment]);
}
