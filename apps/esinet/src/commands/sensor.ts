import { createInterface } from 'node:readline';
import { randomIds } from '@esinet/kernel';
import { type ChatClient, additionalDataOf, openChat } from '@esinet/element-app';
import { dim, exit, red, tell, yellow } from '../terminal.js';
import { type CallerOptions, callerWay } from './caller-options.js';
import { unreachable } from './chat.js';
import { Screen } from './screen.js';
import { type Reading, judge, readReading, simulated } from './sensor-readings.js';

export interface SensorOptions extends CallerOptions {
  readonly name: string;
  readonly quantity: string;
  readonly unit?: string;
  readonly threshold?: number;
  /** Seconds between the readings of a simulated sensor; without it they are read from standard input. */
  readonly every?: number;
  /** Readings until it stops. */
  readonly count?: number;
  readonly classification: string;
  readonly manufacturer?: string;
  readonly model?: string;
  readonly serial?: string;
  /** Seconds to wait for the centre. */
  readonly wait: number;
}

/** `esinet sensor`: a thing that reports by itself. Its chat starts with the first reading that somebody has to know. */
export async function sensor(o: SensorOptions): Promise<number> {
  const way = await callerWay(o);
  if (!way.ok) {
    tell(red(way.error));
    return exit.failed;
  }
  const screen = new Screen(o.json === true);
  try {
    const client = await openChat({
      ...way.value,
      from: way.value.register
        ? `sip:${way.value.register.user}@${way.value.register.domain}`
        : 'sip:sensor@app.lab',
      introduction: o.name,
      additionalData: additionalDataOf({
        reference: `${randomIds.token(20)}@app.lab`,
        provider: {
          name: o.manufacturer ?? o.name,
          id: 'app.lab',
          idSeries: 'hostname',
          type: 'Client',
          contact: 'sip:sensor@app.lab',
          language: 'en',
        },
        device: {
          classification: o.classification,
          ...(o.manufacturer !== undefined && { manufacturer: o.manufacturer }),
          ...(o.model !== undefined && { model: o.model }),
          ...(o.serial !== undefined && { id: { value: o.serial, type: 'SN' } }),
        },
      }),
    });
    screen.watch(client);
    try {
      return await report(client, o, screen);
    } finally {
      await client.close();
    }
  } catch (error) {
    return unreachable(o, way.value, error);
  }
}

async function report(client: ChatClient, o: SensorOptions, screen: Screen): Promise<number> {
  let alarmed = false;
  let read = 0;
  const ended = new AbortController();
  client.onState((phase) => {
    if (phase === 'stopped') ended.abort();
  });
  const opened = new Promise<void>((resolve) => {
    client.onState((phase) => {
      if (phase === 'open' || phase === 'failed') resolve();
    });
  });
  for await (const reading of readings(o, ended.signal)) {
    if (ended.signal.aborted) break;
    if (!reading) {
      tell(yellow('a line that is no reading was passed over'));
      continue;
    }
    const verdict = judge(reading, {
      name: o.name,
      alarmed,
      ...(o.threshold !== undefined && { threshold: o.threshold }),
    });
    if (verdict.kind === 'quiet') {
      if (!o.json) tell(dim(`${reading.quantity} ${reading.value}: nothing to report`));
    } else {
      client.attach(asJson(reading, o));
      const start = verdict.kind === 'alarm';
      const sent = await screen.during(verdict.text, () =>
        start ? client.start(verdict.text) : client.say(verdict.text),
      );
      if (start && !sent.delivered) return sent.status === 0 ? exit.unreachable : exit.failed;
      alarmed = true;
    }
    if (o.count !== undefined && ++read >= o.count) break;
  }
  if (!alarmed) {
    screen.note('nothing was reported');
    return exit.ok;
  }
  if (client.phase === 'starting') await Promise.race([opened, after(o.wait * 1_000)]);
  if (client.phase !== 'stopped') {
    const stopped = await client.stop(`${o.name} has no more to report.`);
    screen.note(stopped.delivered ? 'chat ended' : 'the end of the chat was not delivered');
  } else screen.note('the centre ended the chat');
  return exit.ok;
}

/** The reading itself, for programs at the centre. */
function asJson(r: Reading, o: SensorOptions): { contentType: string; name: string; body: string } {
  const body = JSON.stringify({
    sensor: o.name,
    ...r,
    ...(o.threshold !== undefined && { threshold: o.threshold }),
    at: new Date().toISOString(),
  });
  return { contentType: 'application/json', name: 'reading.json', body };
}

/** Undefined for a line that is no reading. */
async function* readings(o: SensorOptions, ended: AbortSignal): AsyncGenerator<Reading | undefined> {
  const { quantity, unit, every } = o;
  const otherwise = { quantity, ...(unit !== undefined && { unit }) };
  if (every !== undefined) {
    const until = o.count ?? Number.POSITIVE_INFINITY;
    for (let n = 0; n < until; n++) {
      if (n > 0) await after(every * 1_000, ended);
      if (ended.aborted) return;
      yield { ...otherwise, value: simulated(n) };
    }
    return;
  }
  const lines = createInterface({ input: process.stdin });
  ended.addEventListener('abort', () => lines.close());
  for await (const line of lines) if (line.trim() !== '') yield readReading(line, otherwise);
}

function after(ms: number, ended?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      ended?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    ended?.addEventListener('abort', done);
  });
}
