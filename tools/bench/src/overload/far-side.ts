// The far side of the measured elements, in a process of its own: callers over UDP, and the PSAP they all end at, over TCP.
import { type Socket as UdpSocket, createSocket } from 'node:dgram';
import { type Socket, createServer } from 'node:net';
import { answerOk, framer } from '../sip/wire.js';
import { MessageTemplate } from '../sip/message.js';
import { ChatTemplate } from './chat-message.js';
import type { Done, Order } from './order.js';
import { Tally } from './tally.js';

/** Numbers told apart at once: more than are sent within the time an answer may take. */
const numbers = 1 << 21;
/** How long answers are waited for after a phase. Milliseconds. */
const graceMs = 1_500;
/** The same where requests are repeated until they are answered. */
const repeatGraceMs = 8_000;
/** RFC 3261 17.1.2.2: Timer E. */
const t1 = 500;
const t2 = 4_000;
const most = 32_000;

const branchMark = Buffer.from('z9hG4bKbench');
const callMark = Buffer.from('.bench@127.0.0.1');

const sentAt = new Float64Array(numbers);
const tallies: (Tally | undefined)[] = new Array<Tally | undefined>(numbers).fill(undefined);
const arrived = new Uint8Array(numbers);
const repeating = new Map<
  number,
  { bytes: Buffer; from: Source; wait: number; next: number; until: number }
>();
let next = 1;
let target = 0;
let onAnswer: () => void = () => undefined;

const now = (): number => performance.now();

class Source {
  readonly #socket: UdpSocket;
  #starts: MessageTemplate | undefined;
  #chats: ChatTemplate | undefined;

  private constructor(socket: UdpSocket) {
    this.#socket = socket;
  }

  static open(address: string): Promise<Source> {
    const socket = createSocket({
      type: 'udp4',
      recvBufferSize: 4 << 20,
      sendBufferSize: 4 << 20,
      // Asked for what we bind to as well: each source has an address of its own.
      lookup: (host, _options, done) => done(null, host, 4),
    });
    const source = new Source(socket);
    socket.on('message', answered);
    return new Promise((resolve) => {
      socket.bind(0, address, () => {
        const { port } = socket.address();
        source.#starts = new MessageTemplate('UDP', port);
        source.#chats = new ChatTemplate(address, port);
        resolve(source);
      });
    });
  }

  start(tally: Tally, repeat = false): void {
    const number = next++;
    this.#say(number, this.#starts!.make(number), tally, repeat);
  }

  chat(chat: number, tally: Tally): void {
    const number = next++;
    this.#say(number, this.#chats!.make(number, chat), tally, true);
  }

  #say(number: number, bytes: Buffer, tally: Tally, repeat: boolean): void {
    const at = number % numbers;
    const time = now();
    sentAt[at] = time;
    tallies[at] = tally;
    arrived[at] = 0;
    tally.sent(time);
    if (repeat) {
      repeating.set(number, { bytes, from: this, wait: t1, next: time + t1, until: time + most });
    }
    this.send(bytes);
  }

  send(bytes: Buffer): void {
    this.#socket.send(bytes, target, '127.0.0.1');
  }

  close(): void {
    for (const [number, { from }] of repeating) if (from === this) repeating.delete(number);
    this.#socket.close();
  }
}

function numberBefore(bytes: Buffer, mark: Buffer): number {
  const at = bytes.indexOf(mark);
  return at < 8 ? 0 : Number.parseInt(bytes.toString('latin1', at - 8, at), 16);
}

function answered(bytes: Buffer): void {
  const status = (bytes[8]! - 48) * 100 + (bytes[9]! - 48) * 10 + (bytes[10]! - 48);
  if (status < 200) return;
  const mark = bytes.indexOf(branchMark);
  if (mark < 0) return;
  const from = mark + branchMark.length;
  const number = Number.parseInt(bytes.toString('latin1', from, from + 8), 16);
  const at = number % numbers;
  const tally = tallies[at];
  if (!tally) return;
  tallies[at] = undefined;
  repeating.delete(number);
  tally.answered(status, sentAt[at]!, now());
  if (status === 200 && !arrived[at]) tally.lost++;
  onAnswer();
}

function repeat(): void {
  const time = now();
  for (const [number, each] of repeating) {
    if (each.next > time) continue;
    if (time > each.until) {
      repeating.delete(number);
      continue;
    }
    each.wait = Math.min(t2, each.wait * 2);
    each.next = time + each.wait;
    each.from.send(each.bytes);
  }
}

/** So many calls a second, as even as a timer allows; what it is late with comes at once, but for more than a tenth. */
function paced(rate: number, seconds: number, send: () => void): Promise<void> {
  return new Promise((resolve) => {
    const began = now();
    let sent = 0;
    const tick = setInterval(() => {
      const elapsed = Math.min(seconds * 1_000, now() - began);
      const due = Math.floor((elapsed * rate) / 1_000);
      const least = due - Math.ceil(rate / 10);
      if (sent < least) sent = least;
      for (; sent < due; sent++) send();
      if (elapsed < seconds * 1_000) return;
      clearInterval(tick);
      resolve();
    }, 1);
  });
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function closed(source: Source, o: Order & { do: 'closed' }): Promise<Done> {
  const tally = new Tally(now());
  const until = now() + o.seconds * 1_000;
  let waiting = 0;
  const fill = () => {
    while (waiting < o.window && now() < until) {
      waiting++;
      source.start(tally);
    }
  };
  onAnswer = () => {
    waiting--;
    fill();
  };
  // What was lost on the way holds its place for a second.
  const refill = setInterval(() => {
    waiting = 0;
    fill();
  }, 1_000);
  fill();
  await wait(o.seconds * 1_000);
  const ended = now();
  clearInterval(refill);
  onAnswer = () => undefined;
  const starts = tally.report(ended);
  await wait(graceMs);
  return { starts };
}

async function open(source: Source, o: Order & { do: 'open' }): Promise<Done> {
  const starts = new Tally(now());
  const chats = new Tally(now());
  let chat = 0;
  await Promise.all([
    paced(o.rate, o.seconds, () => source.start(starts)),
    paced((o.chats * 1_000) / o.chatEveryMs, o.seconds, () => source.chat(chat++ % o.chats, chats)),
  ]);
  const ended = now();
  await wait(o.chats > 0 ? repeatGraceMs : graceMs);
  return { starts: starts.report(ended), others: chats.report(ended) };
}

async function flood(o: Order & { do: 'flood' }): Promise<Done> {
  const loud = await Source.open('127.0.0.99');
  const quiet = await Promise.all(
    Array.from({ length: o.quiet }, (_, i) => Source.open(`127.0.0.${10 + i}`)),
  );
  const starts = new Tally(now());
  const others = new Tally(now());
  let turn = 0;
  await Promise.all([
    paced(o.rate, o.seconds, () => loud.start(starts)),
    paced(o.quiet * o.quietPerSecond, o.seconds, () => quiet[turn++ % o.quiet]!.start(others, true)),
  ]);
  const ended = now();
  await wait(repeatGraceMs);
  for (const source of [loud, ...quiet]) source.close();
  return { starts: starts.report(ended), others: others.report(ended) };
}

function listen(port: number): Promise<void> {
  const sink = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    let out: Buffer[] = [];
    const flush = () => {
      socket.write(Buffer.concat(out));
      out = [];
    };
    socket.on(
      'data',
      framer((message) => {
        const number = numberBefore(message, callMark);
        if (number) arrived[number % numbers] = 1;
        if (out.length === 0) queueMicrotask(flush);
        out.push(answerOk(message));
      }),
    );
  });
  return new Promise((resolve) => sink.listen(port, '127.0.0.1', resolve));
}

let source: Source | undefined;
async function carryOut(order: Order): Promise<Done> {
  switch (order.do) {
    case 'begin':
      target = order.target;
      if (!source) {
        await listen(order.sinkPort);
        source = await Source.open('127.0.0.1');
        setInterval(repeat, 20);
      }
      return {};
    case 'closed':
      return closed(source!, order);
    case 'open':
      return open(source!, order);
    case 'flood':
      return flood(order);
  }
}

process.on('message', (order: Order) => {
  carryOut(order).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
process.send?.({});
