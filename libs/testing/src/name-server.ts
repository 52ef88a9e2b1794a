import { type Socket, createSocket } from 'node:dgram';

/** NAPTR fields (RFC 3403 section 4.1), an IPv4 address, a code such as 2 (SERVFAIL), or nothing at all. */
export type NameServerAnswer =
  | {
      readonly naptr: readonly {
        readonly order?: number;
        readonly preference?: number;
        readonly flags?: string;
        readonly service: string;
        readonly regexp?: string;
        readonly replacement?: string;
      }[];
    }
  | { readonly a: string }
  | { readonly code: number }
  | 'silence';

export interface NameServer {
  /** As `node:dns` wants it: `127.0.0.1:port`. */
  readonly address: string;
  /** `naptr name` and `a name`, as they were asked. */
  readonly asked: string[];
  /** By the same words; what is not here does not exist. May be changed while it serves. */
  readonly answers: Map<string, NameServerAnswer>;
  close(): void;
}

const TYPES: Readonly<Record<number, string>> = { 1: 'a', 28: 'aaaa', 35: 'naptr' };

/** A name server on loopback (RFC 1035 section 4), as much of it as a test of discovery needs. */
export async function nameServer(answers: Readonly<Record<string, NameServerAnswer>>): Promise<NameServer> {
  const socket = createSocket('udp4');
  const known = new Map(Object.entries(answers));
  const asked: string[] = [];
  socket.on('message', (query, remote) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += length + 1;
    }
    const type = query.readUInt16BE(at + 1);
    const question = `${TYPES[type] ?? type} ${labels.join('.').toLowerCase()}`;
    asked.push(question);
    const answer = known.get(question) ?? { code: 3 };
    if (answer === 'silence') return;
    send(socket, remote, query, query.subarray(12, at + 5), type, answer);
  });
  await new Promise<void>((resolve) => void socket.bind(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    answers: known,
    close: () => void socket.close(),
  };
}

function send(
  socket: Socket,
  remote: { readonly port: number; readonly address: string },
  query: Buffer,
  question: Buffer,
  type: number,
  answer: Exclude<NameServerAnswer, 'silence'>,
): void {
  const records =
    'naptr' in answer ? answer.naptr.map(naptrData) : 'a' in answer ? [addressData(answer.a)] : [];
  const code = 'code' in answer ? answer.code : 0;
  const header = Buffer.concat([query.subarray(0, 2), u16(0x8180 | code, 1, records.length, 0, 0)]);
  const bodies = records.map((data) => Buffer.concat([u16(0xc00c, type, 1, 0, 60, data.length), data]));
  socket.send(Buffer.concat([header, question, ...bodies]), remote.port, remote.address);
}

function naptrData(record: {
  readonly order?: number;
  readonly preference?: number;
  readonly flags?: string;
  readonly service: string;
  readonly regexp?: string;
  readonly replacement?: string;
}): Buffer {
  return Buffer.concat([
    u16(record.order ?? 100, record.preference ?? 10),
    ...[record.flags ?? 'u', record.service, record.regexp ?? ''].map(text),
    name(record.replacement ?? ''),
  ]);
}

function addressData(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function name(value: string): Buffer {
  const labels = value.split('.').filter((label) => label !== '');
  return Buffer.concat([...labels.map(text), Buffer.of(0)]);
}

function text(value: string): Buffer {
  return Buffer.from([value.length, ...Buffer.from(value)]);
}

function u16(...values: number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 255]));
}
