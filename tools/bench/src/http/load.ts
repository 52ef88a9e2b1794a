import { connect } from 'node:net';

/** One round of the far side: as many requests as fit, one under way on each connection. */
export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  readonly warmUpSeconds: number;
  /** And no fewer answers than these before measuring: a server compiles what it has done often enough. */
  readonly warmUpAnswers: number;
  readonly seconds: number;
  /** Whole HTTP requests, sent in turn. */
  readonly requests: readonly string[];
  /** What the body of every answer has to contain. */
  readonly expected: string;
}

export interface LoadResult {
  readonly answers: number;
  /** Answers without what is expected, or with another status than 200. */
  readonly others: number;
  readonly odd: string;
  readonly seconds: number;
  readonly generatorCpuSeconds: number;
}

const order = JSON.parse(process.argv[2] ?? '{}') as LoadOrder;
const requests = order.requests.map((text) => Buffer.from(text, 'latin1'));
const expected = Buffer.from(order.expected);
const ok = Buffer.from('HTTP/1.1 200 ');
const length = Buffer.from('ontent-length: ');
const capital = Buffer.from('ontent-Length: ');
const end = Buffer.from('\r\n\r\n');

let answers = 0;
let others = 0;
let odd = '';
let next = 0;
let over = false;

function open(): void {
  const socket = connect({ port: order.port, host: '127.0.0.1', noDelay: true });
  let rest: Buffer | undefined;
  const ask = (): void => {
    const request = requests[next];
    next = next + 1 === requests.length ? 0 : next + 1;
    if (request) socket.write(request);
  };
  socket.on('connect', ask);
  socket.on('data', (chunk: Buffer) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = undefined;
    const head = bytes.indexOf(end);
    const whole = head < 0 ? Infinity : head + 4 + contentLength(bytes, head);
    if (bytes.length < whole) {
      rest = bytes;
      return;
    }
    answers += 1;
    if (bytes.compare(ok, 0, ok.length, 0, ok.length) !== 0 || bytes.indexOf(expected, head) < 0) {
      others += 1;
      if (odd === '') odd = bytes.toString('latin1').slice(0, 300);
    }
    if (!over) ask();
  });
  socket.on('error', (error) => {
    if (over) return;
    others += 1;
    odd ||= error.message;
  });
}

function contentLength(bytes: Buffer, head: number): number {
  let at = bytes.indexOf(length);
  if (at < 0 || at > head) at = bytes.indexOf(capital);
  if (at < 0 || at > head) return 0;
  let value = 0;
  for (let i = at + length.length; i < head; i++) {
    const digit = (bytes[i] ?? 0) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  return value;
}

for (let i = 0; i < order.connections; i++) open();
const begun = performance.now();
const warm = setInterval(() => {
  if (answers < order.warmUpAnswers || performance.now() - begun < order.warmUpSeconds * 1_000) return;
  clearInterval(warm);
  answers = 0;
  process.send?.({ warm: true });
  const started = performance.now();
  const cpu = process.cpuUsage();
  setTimeout(() => {
    over = true;
    const seconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    const result: LoadResult = { answers, others, odd, seconds, generatorCpuSeconds: (user + system) / 1e6 };
    process.send?.({ result }, () => process.exit(0));
  }, order.seconds * 1_000);
}, 50);
process.on('disconnect', () => process.exit(0));
