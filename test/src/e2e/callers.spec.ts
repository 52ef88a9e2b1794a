import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OutsideProgram, startProgram, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ran, type Typed, esinet, run as runIn, typed as typedIn } from './built-program.js';

const samples = fileURLToPath(new URL('../../../samples', import.meta.url));
/** Below the ports of `startLab`. */
const offset = 1_500;
const there = ['--port-offset', String(offset)];
const madrid = ['--at', '40.4168,-3.7038', ...there];
let folder: string;
let lab: OutsideProgram;
const open: Typed[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'esinet-callers-'));
  lab = await startProgram(process.execPath, [esinet, 'up', ...there, '--without', 'handover'], {
    cwd: folder,
    line: 'Ready',
    readyWithinMs: 30_000,
  });
}, 40_000);
afterAll(async () => {
  for (const { child } of open) child.kill('SIGKILL');
  await lab.stop(10_000);
  await rm(folder, { recursive: true, force: true });
}, 20_000);

const run = (args: readonly string[], input = ''): Promise<Ran> => runIn(folder, args, input);
const typed = (...args: string[]): Typed => {
  const command = typedIn(folder, args);
  open.push(command);
  return command;
};

interface Message {
  readonly sequence: number;
  readonly direction: 'in' | 'out';
  readonly messageType?: number;
  readonly text?: string;
  readonly otherParts?: readonly { part: number; contentType: string; filename?: string }[];
  readonly data?: readonly { type: string; fields: readonly { name: string; value: string }[] }[];
  readonly locations?: readonly { source: string }[];
}

interface Chat {
  readonly chat: string;
  readonly callId: string;
  readonly centre: string;
  readonly phase: string;
  readonly taker?: string;
  readonly did?: string;
  readonly languages?: readonly string[];
  readonly messages: readonly Message[];
}

async function rest<T>(path: string, body?: object): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${15_090 + offset}/api/${path}`, {
    ...(body && {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });
  return (await answer.json()) as T;
}

/** The newest chat in which the caller has said this. */
async function chatWith(text: string): Promise<Chat> {
  return until(async () => {
    const { chats } = await rest<{ chats: { chat: string }[] }>('chats?limit=10');
    for (const { chat } of chats) {
      const found = await rest<Chat>(`chats/${chat}`);
      if (found.messages.some((m) => m.direction === 'in' && m.text === text)) return found;
    }
    return undefined;
  });
}

const textsIn = (chat: Chat): (string | undefined)[] =>
  chat.messages.filter((m) => m.direction === 'in' && m.text !== undefined).map((m) => m.text);

describe('esinet chat', () => {
  it.each(['udp', 'tls', 'ws'])(
    'loses its network over %s, moves, goes to the background, and loses nothing',
    { meta: { clause: ['TS 103 698 6.2.3', 'TS 103 698 6.2.5'] }, timeout: 60_000 },
    async (via) => {
      const mark = `help by ${via}`;
      const { code, out, err } = await run([
        ...['chat', ...madrid, '--via', via, '--lose-network', '2', '--inactive', '1'],
        ...['--move', '40.42,-3.70;40.43,-3.71', '--move-every', '1', mark, 'third floor', 'left door'],
      ]);
      expect(err).toContain('no network for 2 s');
      expect(err.indexOf('the network is back')).toBeGreaterThan(err.indexOf('no network'));
      expect(err).toContain('the app went to the background');
      expect(err).toContain('moved to place 2 of 2');
      expect(out.match(/recorded/g)).toHaveLength(3);
      expect(code).toBe(0);
      const chat = await chatWith(mark);
      expect(textsIn(chat)).toEqual([mark, 'third floor', 'left door', 'The chat was ended by the caller.']);
    },
  );

  it.each(['udp', 'tcp', 'ws'])(
    'hears over %s what the centre said while there was no network, each once and in order',
    { meta: { clause: ['TS 103 698 6.2.3', 'RFC 3428 8'] }, timeout: 60_000 },
    async (via) => {
      const chat = typed('chat', ...madrid, '--via', via, '--lose-network', '3');
      const mark = `waiting by ${via}`;
      chat.type(mark);
      await chat.says('no network for 3 s');
      const { chat: at } = await chatWith(mark);
      for (const text of ['Are you there?', 'Help is on the way']) {
        await rest(`chats/${at}/messages`, { text });
      }
      await chat.says('Help is on the way');
      chat.type('');
      const { code, out } = await chat.ended;
      expect(code).toBe(0);
      expect(out.match(/Are you there\?|Help is on the way/g)).toEqual([
        'Are you there?',
        'Help is on the way',
      ]);
    },
  );

  it(
    'carries 64 kB of text over UDP',
    { meta: { clause: ['TS 103 698 6.1.1', 'RFC 3261 18.1.1'] }, timeout: 30_000 },
    async () => {
      const text = `${'é🆘ب'.repeat(8_000)}.`.slice(0, 32_000);
      expect(Buffer.byteLength(text)).toBeGreaterThan(60_000);
      const { code } = await run(['chat', ...madrid, '--via', 'udp', text]);
      expect(code).toBe(0);
      expect((await chatWith(text)).messages[0]?.text).toBe(text);
    },
  );

  it(
    'tells the centre its identity, languages and data, byte by byte',
    { meta: { clause: ['TS 103 698 6.1.2.8', 'TS 103 698 6.1.2.11', 'RFC 3261 20.3'] }, timeout: 30_000 },
    async () => {
      const photo = randomBytes(30_000);
      await writeFile(join(folder, 'photo.jpg'), photo);
      await writeFile(join(folder, 'msd.bin'), photo.subarray(0, 140));
      const { code } = await run([
        ...['chat', ...madrid, '--via', 'tcp', '--did', 'did:example:42', '--language', 'ca,es'],
        ...['--attach', 'photo.jpg', '--attach', 'msd.bin;application/EmergencyCallData.eCall.MSD', 'look'],
      ]);
      expect(code).toBe(0);
      const chat = await chatWith('look');
      expect(chat.did).toBe('did:example:42');
      expect(chat.languages).toEqual(expect.arrayContaining(['ca', 'es']));
      const [first] = chat.messages;
      const image = first?.otherParts?.find(({ contentType }) => contentType === 'image/jpeg');
      expect(image?.filename).toBe('photo.jpg');
      expect(first?.otherParts?.map(({ contentType }) => contentType.toLowerCase())).toContain(
        'application/emergencycalldata.ecall.msd',
      );
      const part = await fetch(
        `http://127.0.0.1:${15_090 + offset}/api/chats/${chat.chat}/parts/${first?.sequence}/${image?.part}`,
      );
      const digest = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');
      expect(digest(Buffer.from(await part.arrayBuffer()))).toBe(digest(photo));
    },
  );

  it(
    'shows the person a transfer, then a redirection, and who answers',
    {
      meta: { clause: ['TS 103 698 6.2.6', 'TS 103 698 6.2.7'], shall: ['6.2.6-12', '6.2.7-11'] },
      timeout: 60_000,
    },
    async () => {
      const chat = typed('chat', ...madrid, '--via', 'tcp');
      chat.type('move me');
      await chat.says('You have reached 112 Madrid');
      const { chat: at } = await chatWith('move me');
      await rest(`chats/${at}/transfer`, { to: 'sip:catalunya@psap.esinet.internal', text: 'Please wait' });
      await chat.says('You are being transferred');
      await chat.says('catalunya answers from now on');
      chat.type('who is it');
      await chat.says('112 Catalunya (lab) has received: who is it');
      const moved = await chatWith('who is it');
      await rest(`chats/${moved.chat}/redirect`, { to: 'sip:andalucia@psap.esinet.internal' });
      await chat.says('You are being redirected to andalucia');
      await chat.says('You have reached 112 Andalucía');
      await chat.says('andalucia answers from now on');
      chat.type('');
      expect((await chat.ended).code).toBe(0);
      const last = await until(async () => {
        const { chats } = await rest<{ chats: Chat[] }>('chats?centre=andalucia&limit=1');
        return chats[0]?.phase === 'closed' ? chats[0] : undefined;
      });
      expect(last.callId).toBe(moved.callId);
    },
  );

  it(
    'asks the LIS where it is, and goes without a place if that does not know',
    { meta: { clause: ['RFC 5985 4', 'RFC 6155 3', 'TS 103 698 5.6.3'] }, timeout: 30_000 },
    async () => {
      const known = await run(['chat', ...there, '--held', '--as', 'caller2', 'where am I']);
      expect(known.out).toContain('112 Catalunya');
      expect(known.err).toContain('by value, by reference');
      const { messages } = await chatWith('where am I');
      expect(messages[0]?.locations?.map(({ source }) => source)).toEqual(
        expect.arrayContaining(['value', 'reference']),
      );
      const unknown = await run(['chat', ...there, '--held', '--identity', 'imei:1', 'lost']);
      expect(unknown.err).toContain('No position from the LIS: locationUnknown');
      expect(unknown.out).toContain('112 default');
      expect(unknown.code).toBe(0);
      expect((await run(['chat', ...there, '--held', '--identity', 'shoe:42', 'lost'])).code).toBe(2);
    },
  );
});

describe('esinet where --services', () => {
  it(
    'lists what there is, and a chat says so before it asks for what there is not',
    { meta: { clause: ['RFC 5222 11', 'TS 103 698 5.6.3'] }, timeout: 30_000 },
    async () => {
      const { code, out } = await run(['where', '40.4168,-3.7038', '--services', '--json', ...there]);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toContainEqual({
        service: 'urn:service:sos',
        centre: '112 Madrid (lab)',
        uris: ['sip:madrid@psap.esinet.internal'],
        number: '112',
      });
      const asked = await run(['chat', ...madrid, '--service', 'sos.fire', '--check-service', 'it burns']);
      expect(asked.err).toContain('urn:service:sos.fire is not offered here');
      expect(asked.out).toContain('112 Madrid');
    },
  );
});

describe('esinet sensor', () => {
  it(
    'reports by itself from its threshold on, with what it is',
    { meta: { clause: ['TS 103 698 D.3', 'RFC 7852 4.3'] }, timeout: 30_000 },
    async () => {
      const name = 'Smoke detector, stairs';
      const { code, out } = await run(
        ['sensor', ...madrid, '--threshold', '70', '--name', name, '--model', 'X1', '--json'],
        '20\nnonsense\n81.5\n{"value": 90}\n60\n',
      );
      expect(code).toBe(0);
      expect(out).toContain('"kind":"start"');
      const alarm = `ALARM ${name}: temperature 81.5 °C, threshold 70 °C`;
      const chat = await chatWith(alarm);
      expect(textsIn(chat)).toEqual([
        alarm,
        'temperature 90 °C',
        'temperature 60 °C, below the threshold 70 °C again',
        `${name} has no more to report.`,
      ]);
      expect(chat.messages[0]?.data?.map(({ type }) => type)).toEqual(['ProviderInfo', 'DeviceInfo']);
      expect(chat.messages[0]?.data?.[1]?.fields).toContainEqual({ name: 'DeviceModelNr', value: 'X1' });
      expect(chat.messages[0]?.otherParts?.some((p) => p.contentType === 'application/json')).toBe(true);
    },
  );

  it('tells nobody what stays below it', { meta: { clause: 'TS 103 698 D.3' } }, async () => {
    const { code, err } = await run(['sensor', ...madrid, '--threshold', '70'], '20\n21\n');
    expect(code).toBe(0);
    expect(err).toContain('nothing was reported');
  });
});

describe('esinet alert', () => {
  it(
    'is taken without a chat, and looked at before it goes out',
    { meta: { clause: ['RFC 8876 4.3', 'RFC 8876 5'] }, timeout: 30_000 },
    async () => {
      const before = await rest<{ chats: Chat[] }>('chats?limit=1');
      const sent = await run(['alert', ...there, '--cap', join(samples, 'alert.xml'), '--json']);
      expect(sent.code).toBe(0);
      expect(JSON.parse(sent.out)).toMatchObject({ status: 200, delivered: true, attempts: 1 });
      expect((await rest<{ chats: Chat[] }>('chats?limit=1')).chats[0]?.chat).toBe(before.chats[0]?.chat);
      await writeFile(join(folder, 'bad.xml'), '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"/>');
      const bad = await run(['alert', ...there, '--cap', 'bad.xml']);
      expect(bad.code).toBe(1);
      expect(bad.err).toContain('<alert> has no <identifier>');
      expect(bad.err).toContain('Nothing was sent');
      await writeFile(join(folder, 'torn.xml'), '<alert');
      const torn = await run(['alert', ...there, '--cap', 'torn.xml', '--unchecked', '--json']);
      expect(torn.code).toBe(1);
      expect(JSON.parse(torn.out)).toMatchObject({ status: 425, alertError: { code: '103' } });
    },
  );
});

describe('esinet bot', () => {
  it(
    'asks the first questions, writes the answers down, and gives the chat to a person',
    { meta: { clause: 'TS 103 698 D.3' }, timeout: 60_000 },
    async () => {
      const bot = typed(
        'bot',
        ...there,
        '--centre',
        'madrid',
        '--questions',
        join(samples, 'questions.json'),
      );
      await bot.says('takes new chats');
      const chat = typed('chat', ...madrid);
      chat.type('please help');
      for (const [asked, answer] of [
        ['What do you see or hear?', 'smoke'],
        ['Which street and number', 'Calle Mayor 3'],
        ['Is somebody hurt?', 'no'],
      ] as const) {
        await chat.says(asked);
        chat.type(answer);
      }
      await chat.says('Somebody of the centre writes to you');
      await bot.says('handed over');
      const { chat: id } = await chatWith('please help');
      const { notes } = await rest<{ notes: { text: string; by: string }[] }>(`chats/${id}/notes`);
      expect(notes.map(({ text, by }) => `${by}: ${text}`)).toEqual([
        'bot: First words: please help',
        'bot: What: smoke',
        'bot: Where: Calle Mayor 3',
        'bot: Injured: no',
        'bot: Bot: handed over, all questions were asked',
      ]);
      const queue = await rest<{ chats: { chat: string }[] }>('queue?centre=madrid');
      expect(queue.chats.map((waiting) => waiting.chat)).toContain(id);
      // One that is asked to leave leaves nobody behind.
      const second = typed('chat', ...madrid);
      second.type('another one');
      await second.says('What do you see or hear?');
      bot.child.kill('SIGINT');
      expect((await bot.ended).code).toBe(0);
      const { chat: other } = await chatWith('another one');
      const after = await rest<{ chats: { chat: string }[] }>('queue?centre=madrid');
      expect(after.chats.map((waiting) => waiting.chat)).toEqual(expect.arrayContaining([id, other]));
      expect(await rest<object>('takers')).toEqual({ takers: [] });
      for (const each of [chat, second]) {
        each.type('');
        expect((await each.ended).code).toBe(0);
      }
    },
  );
});
