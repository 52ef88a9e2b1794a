import { expect, it, onTestFinished } from 'vitest';
import { type RunningElement, SipEdge } from '@esinet/platform';
import { psapConfigSchema, startPsap } from '@esinet/element-psap';
import { until } from '@esinet/testing';
import { Wire, chatMessage, identifiersOf } from '../reliability/wire.js';
import { SharedParts } from './shared-parts.js';

const chats = 12;
const seed = 20_261_129;

/** mulberry32 */
function random(state: number): () => number {
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Pod {
  readonly element: RunningElement;
  readonly port: number;
  readonly cut: () => void;
}

async function pod(parts: SharedParts, instance: string, outbound: number): Promise<Pod> {
  const { cut, ...platform } = parts.line();
  const element = await startPsap(
    psapConfigSchema.parse({
      listeners: [{ name: 'psap-udp', transport: 'udp', port: 0 }],
      http: { port: 0 },
      outboundProxy: `udp:127.0.0.1:${outbound}`,
      held: { allowedHosts: [] },
      script: 'none',
      drain: '500 ms',
    }),
    { ...platform, instance },
  );
  return { element, port: element.get<SipEdge>(SipEdge).port('psap-udp') ?? 0, cut };
}

interface Shown {
  readonly direction: 'in' | 'out';
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  readonly delivery?: string;
}

async function messages({ element }: Pod, chat: string): Promise<Shown[]> {
  const id = encodeURIComponent(`urn:emergency:uid:callid:${chat}:app.lab`);
  const answer = await fetch(`http://127.0.0.1:${element.http.port}/api/chats/${id}`);
  return ((await answer.json()) as { messages: Shown[] }).messages;
}

it(
  'chats go on over the death of one process and the end of the next: nothing lost, nothing begun twice',
  { meta: { clause: ['TS 103 698 6.1.2.7', 'TS 103 698 6.2.3'] }, timeout: 120_000 },
  async () => {
    const wire = await Wire.open();
    const parts = await SharedParts.open();
    const pods = new Map<string, Pod>();
    const all: Pod[] = [];
    const start = async (name: string, instance = name): Promise<void> => {
      const started = await pod(parts, instance, wire.port);
      all.push(started);
      pods.set(name, started);
    };
    onTestFinished(async () => {
      await Promise.all(all.map(({ element }) => element.close()));
      await wire.close();
      await parts.close();
    });
    await Promise.all([start('a'), start('b')]);

    const next = random(seed);
    let over = false;
    const promised = new Map<string, string[]>();
    const chat = async (name: string): Promise<void> => {
      const kept: string[] = [];
      promised.set(name, kept);
      for (let messageId = 1; !over || messageId <= 2; messageId++) {
        const text = `${name} message ${messageId}`;
        for (let attempt = 0; ; attempt++) {
          const messageType = messageId === 1 ? 257 : 259;
          const bytes = chatMessage({ wire, chat: name, messageType, messageId, text, attempt });
          const to = [...pods.values()][Math.floor(next() * pods.size)];
          const answer = to && (await wire.send(to.port, bytes, 3_000));
          if (answer?.status === 200) break;
        }
        kept.push(text);
        await new Promise((resolve) => setTimeout(resolve, 150 * next()));
      }
    };
    const names = Array.from({ length: chats }, (_, i) => `pods${i}x${seed}`);
    const talk = Promise.all(names.map(chat));
    const spoken = (at: number): Promise<void> =>
      expect
        .poll(() => names.every((name) => (promised.get(name)?.length ?? 0) >= at), { timeout: 60_000 })
        .toBe(true);

    await spoken(3);
    pods.get('a')?.cut();
    pods.delete('a');
    await spoken(6);
    await start('c');
    await spoken(8);
    const ends = pods.get('b');
    pods.delete('b');
    const ended = ends?.element.close();
    await spoken(10);
    await ended;
    // Back under the name of one that died.
    await start('a2', 'a');
    await spoken(12);
    over = true;
    await talk;

    const last = pods.get('c');
    if (!last) throw new Error('c is gone');
    for (const name of names) {
      const arrived = async (): Promise<boolean> =>
        (await messages(last, name)).every(({ delivery }) => delivery !== 'pending');
      await expect.poll(arrived, { timeout: 30_000 }).toBe(true);
      const of = await messages(last, name);
      expect(of.filter(({ direction }) => direction === 'in').map(({ text }) => text)).toEqual(
        promised.get(name),
      );
      const own = of.filter(({ direction }) => direction === 'out');
      expect(own.filter(({ messageType }) => messageType === 257)).toHaveLength(1);
      expect(new Set(own.map(({ messageId }) => messageId)).size).toBe(own.length);
      const starts = wire.requests.map(identifiersOf).filter((m) => m.chat === name && m.messageType === 257);
      expect(new Set(starts.map(({ messageId }) => messageId)).size).toBe(1);
    }
  },
);

it(
  'call takers see and do the same at every process',
  { meta: { clause: 'TS 103 698 6.2.3' }, timeout: 60_000 },
  async () => {
    const wire = await Wire.open();
    const parts = await SharedParts.open();
    const [a, b] = await Promise.all([pod(parts, 'a', wire.port), pod(parts, 'b', wire.port)]);
    onTestFinished(async () => {
      await Promise.all([a.element.close(), b.element.close()]);
      await wire.close();
      await parts.close();
    });
    const api = async (at: Pod, path: string, body?: object): Promise<{ status: number; body: never }> => {
      const answer = await fetch(`http://127.0.0.1:${at.element.http.port}/api/${path}`, {
        ...(body && {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      });
      return { status: answer.status, body: (await answer.json()) as never };
    };
    const signedOn = await fetch(`http://127.0.0.1:${a.element.http.port}/api/takers/ana`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Ana' }),
    });
    expect(signedOn.status).toBeLessThan(300);
    const chat = `both${seed}`;
    const bytes = chatMessage({ wire, chat, messageType: 257, messageId: 1, text: 'help' });
    expect((await wire.send(a.port, bytes))?.status).toBe(200);
    const id = encodeURIComponent(`urn:emergency:uid:callid:${chat}:app.lab`);
    const waits = async (at: Pod): Promise<number> =>
      ((await api(at, 'queue')).body as { chats: unknown[] }).chats.length;
    await until(async () => (await waits(b)) === 1 || undefined);

    expect((await api(b, `chats/${id}/accept`, { taker: 'ana' })).status).toBe(200);
    await until(async () => (await waits(a)) === 0 || undefined);
    expect((await api(b, `chats/${id}/messages`, { text: 'I am Ana', by: 'ana' })).status).toBe(201);
    expect((await api(a, `chats/${id}/messages`, { text: 'who am I', by: 'eva' })).status).toBe(409);
    await until(() => wire.requests.find((m) => m.body.toString('utf8').includes('I am Ana')));
    expect((await api(b, `chats/${id}/stop`, { text: 'bye', by: 'ana' })).status).toBe(201);
    const texts = (await messages(a, chat)).map(({ text }) => text);
    expect(texts).toContain('I am Ana');
    expect(texts).toContain('bye');
  },
);
