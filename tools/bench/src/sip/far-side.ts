// The far side of the measured element, in a process of its own: it sends starts of chats at the element, takes what the
// element forwards, answers 200, and counts the 200s that come back. Closed loop: a new message goes out for each answer.
import { createSocket } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { MessageTemplate } from './message.js';
import { answerOk as answer, framer } from './wire.js';

interface Order {
  readonly transport: 'udp' | 'tcp';
  readonly target: number;
  readonly sinkPort: number;
  readonly window: number;
  readonly first: number;
  readonly warmUp: number;
  readonly messages: number;
}

/** Seconds without any answer until a round is given up. */
const maxIdleSeconds = 10;

function tell(message: unknown): void {
  process.send?.(message);
}

function run(order: Order): void {
  let template: MessageTemplate;
  let send: (bytes: Buffer) => void;
  let next = order.first;
  let sent = 0;
  let answered = 0;
  let others = 0;
  let startedAt = 0n;
  const total = order.warmUp + order.messages;
  let lastProgress = 0;
  let idleSeconds = 0;
  // A message that was lost is not sent again: another takes its place, until nothing moves any more.
  const stalled = setInterval(() => {
    idleSeconds = answered === lastProgress ? idleSeconds + 1 : 0;
    lastProgress = answered;
    if (idleSeconds >= maxIdleSeconds) return finish();
    if (idleSeconds === 0) return;
    sent = Math.min(sent, answered);
    fill();
  }, 1000);

  const fill = (): void => {
    while (sent - answered < order.window && sent < total) {
      sent += 1;
      send(template.make(next++));
    }
  };
  const finish = (): void => {
    clearInterval(stalled);
    const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
    const cpu = process.cpuUsage();
    tell({
      done: true,
      complete: answered === total,
      messages: answered - order.warmUp,
      seconds,
      others,
      next,
      generatorCpuSeconds: (cpu.user + cpu.system) / 1e6,
    });
  };
  const onAnswer = (bytes: Buffer): void => {
    if (bytes.toString('latin1', 0, 11) !== 'SIP/2.0 200') {
      if (bytes.toString('latin1', 8, 9) !== '1') others += 1;
      if (others < 3 && bytes.toString('latin1', 8, 9) !== '1')
        tell({ odd: bytes.toString('latin1', 0, 400) });
      return;
    }
    answered += 1;
    if (answered === order.warmUp) {
      startedAt = process.hrtime.bigint();
      tell({ warm: true });
    }
    if (answered === total) finish();
    else fill();
  };

  if (order.transport === 'udp') {
    const source = createSocket({
      type: 'udp4',
      recvBufferSize: 8 << 20,
      sendBufferSize: 8 << 20,
      lookup: (_h, _o, done) => done(null, '127.0.0.1', 4),
    });
    const sink = createSocket({
      type: 'udp4',
      recvBufferSize: 8 << 20,
      sendBufferSize: 8 << 20,
      lookup: (_h, _o, done) => done(null, '127.0.0.1', 4),
    });
    sink.on('message', (bytes, from) => sink.send(answer(bytes), from.port, '127.0.0.1'));
    source.on('message', onAnswer);
    sink.bind(order.sinkPort, '127.0.0.1', () => {
      source.bind(0, '127.0.0.1', () => {
        template = new MessageTemplate('UDP', source.address().port);
        send = (bytes) => source.send(bytes, order.target, '127.0.0.1');
        tell({ ready: true, bytes: template.length });
        process.once('message', fill);
      });
    });
    return;
  }
  const sink = createServer((socket: Socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on(
      'data',
      framer((message) => socket.write(answer(message))),
    );
  });
  sink.listen(order.sinkPort, '127.0.0.1', () => {
    const source = connect(order.target, '127.0.0.1', () => {
      source.setNoDelay(true);
      template = new MessageTemplate('TCP', source.localPort ?? 0);
      send = (bytes) => source.write(bytes);
      tell({ ready: true, bytes: template.length });
      process.once('message', fill);
    });
    source.on('data', framer(onAnswer));
    source.on('error', (error) => tell({ odd: error.message }));
  });
}

run(JSON.parse(process.argv[2] ?? '{}') as Order);
