import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Fault, pause } from './fault.js';

const seconds = 4;
const perSecond = 200;
const seed =
  'MESSAGE urn:service:sos SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n' +
  'From: <sip:x@app.lab>;tag=1\r\nTo: <urn:service:sos>\r\nCall-ID: x\r\nCSeq: 1 MESSAGE\r\n' +
  'Call-Info: <urn:emergency:uid:callid:x:app.lab>;purpose=EmergencyCallData.CallId\r\nContent-Length: 4\r\n\r\nhelp';

export const f31: Fault = {
  id: 'F31',
  title: 'garbage comes over every SIP port',
  goal: 'no process ends; everybody else notices nothing',
  answer: 'bad input is a value that is answered or dropped; the full corpora are in npm run fuzz',
  bounds: { gapMs: 1_500 },
  holdMs: 0,
  async inject({ cluster, random }) {
    const socket = createSocket('udp4');
    socket.on('error', () => undefined);
    const ports = cluster.plan.seats.flatMap(({ element, ports: own }) => {
      const port = element === 'bcf' ? own['public'] : own['sip'];
      return port === undefined || element === 'lis' ? [] : [port];
    });
    for (let i = 0; i < seconds * 20; i++) {
      for (let n = 0; n < perSecond / 20; n++) {
        const bytes = mutated(random);
        const port = ports[Math.floor(random() * ports.length)] ?? 0;
        if (random() < 0.8) socket.send(bytes, port, '127.0.0.1', () => undefined);
        else overTcp(port, bytes);
      }
      await pause(50);
    }
    return {
      heal: () => new Promise((resolve) => socket.close(() => resolve())),
      figures: () => ({ sent: seconds * perSecond }),
    };
  },
};

function mutated(random: () => number): Buffer {
  const bytes = Buffer.from(seed);
  for (let n = 1 + Math.floor(random() * 12); n > 0; n--) {
    bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
  }
  return random() < 0.3 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes;
}

function overTcp(port: number, bytes: Buffer): void {
  const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
  socket.on('error', () => undefined);
  socket.resume();
  setTimeout(() => socket.destroy(), 1_000).unref();
}
