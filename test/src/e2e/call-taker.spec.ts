import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { type ChatClient, type ChatMessage, openChat } from '@esinet/element-app';
import { requireProgram, until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab.js';

const curl = requireProgram('curl');
const readme = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

let lab: Lab;
let api: string;
const open: ChatClient[] = [];
beforeAll(async () => {
  lab = await startLab();
  api = `http://127.0.0.1:${lab.port(15_090)}/api`;
});
afterAll(async () => {
  for (const client of open) await client.close();
  await lab.close();
});

async function ask(method: string, path: string, body?: object): Promise<{ status: number; body: Answer }> {
  const answer = await fetch(`${api}/${path}`, {
    method,
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Answer };
}

interface Answer {
  readonly chat: string;
  readonly callId: string;
  readonly code?: string;
  readonly phase?: string;
  readonly taker?: string;
  readonly length?: number;
  readonly chats: readonly { chat: string; callId: string; transferred: boolean; centre: string }[];
  readonly messages: readonly { direction: string; text?: string; by?: string; imported?: string }[];
  readonly notes: readonly { text: string; by?: string; from?: string }[];
}

/** A caller in Madrid, and what the caller hears. */
async function caller(name: string): Promise<{ client: ChatClient; heard: ChatMessage[] }> {
  const client = await openChat({
    service: 'urn:service:sos',
    from: `sip:${name}@app.lab`,
    at: { lat: 40.4168, lon: -3.7038 },
    via: { transport: 'tcp', host: '127.0.0.1', port: lab.port(15_060) },
  });
  open.push(client);
  const heard: ChatMessage[] = [];
  client.onMessage((message) => heard.push(message));
  expect(await client.start('help')).toMatchObject({ delivered: true });
  await until(() => heard.find(({ text }) => text.includes('112 Madrid')));
  return { client, heard };
}

/** The events of the stream as they come. */
async function listen(query = ''): Promise<{ types: () => string[]; close: () => void }> {
  const aborting = new AbortController();
  const answer = await fetch(`${api}/events${query}`, { signal: aborting.signal });
  let text = '';
  void (async () => {
    for await (const chunk of answer.body ?? []) text += Buffer.from(chunk).toString();
  })().catch(() => undefined);
  return {
    types: () => [...text.matchAll(/^event: (.*)$/gm)].map(([, type]) => type ?? ''),
    close: () => aborting.abort(),
  };
}

describe('a call taker, over REST, with a caller on the other side of the border', () => {
  it(
    'takes a chat from the queue, answers, writes down, hands over; a colleague goes on, and ends it',
    { meta: { clause: 'TS 103 698 6.2.3, 6.2.4, 6.2.6' } },
    async () => {
      const events = await listen('?centre=madrid');
      const { client, heard } = await caller('ana');
      await ask('PUT', 'takers/ana', { name: 'Ana', centres: ['madrid'] });
      await ask('PUT', 'takers/ben', { name: 'Ben', centres: ['catalunya'] });
      const queue = await until(async () => {
        const { body } = await ask('GET', 'queue?centre=madrid');
        return body.chats.find(({ callId }) => callId === client.callId);
      });
      expect((await ask('POST', `chats/${queue.chat}/messages`, { text: 'x' })).body.code).toBe('no-speaker');
      const taken = await ask('POST', 'queue/accept', { taker: 'ana' });
      expect(taken.body).toMatchObject({ chat: queue.chat, taker: 'ana', phase: 'open' });
      await ask('POST', `chats/${queue.chat}/messages`, { text: 'Where are you?', by: 'ana' });
      await until(() => heard.find(({ text }) => text === 'Where are you?'));
      expect(await client.say('on the roof')).toMatchObject({ delivered: true });
      await ask('POST', `chats/${queue.chat}/notes`, { text: 'deaf', by: 'ana' });

      const moving = ask('POST', `chats/${queue.chat}/transfer`, {
        to: 'sip:catalunya@psap.esinet.internal',
        reason: 'their area',
        by: 'ana',
      });
      const asked = await until(async () => {
        const { body } = await ask('GET', 'transfers?centre=catalunya');
        return (
          body as unknown as { transfers: { transfer: string; phase: string; role: string }[] }
        ).transfers.find((t) => t.phase === 'asked' && t.role === 'in');
      });
      expect((await ask('POST', `transfers/${asked.transfer}/accept`, { by: 'ben' })).status).toBe(200);
      expect((await moving).status).toBe(202);
      const there = await until(async () => {
        const { body } = await ask('GET', 'queue?centre=catalunya');
        return body.chats.find(({ callId }) => callId === client.callId);
      });
      expect(there.transferred).toBe(true);
      await until(async () =>
        (await ask('GET', `chats/${queue.chat}`)).body.phase === 'handed-over' ? true : undefined,
      );
      expect((await ask('GET', 'takers/ana')).body).toMatchObject({ used: 0 });

      await ask('POST', `chats/${there.chat}/accept`, { taker: 'ben' });
      await ask('POST', `chats/${there.chat}/messages`, { text: 'Stay there', by: 'ben' });
      await until(() => heard.find(({ text }) => text === 'Stay there'));
      expect(await client.say('thank you')).toMatchObject({ delivered: true });
      const record = (await ask('GET', `chats/${there.chat}`)).body;
      const texts = record.messages.map(({ text }) => text);
      for (const text of ['help', 'Where are you?', 'on the roof', 'Stay there', 'thank you']) {
        expect(texts.filter((each) => each === text)).toHaveLength(1);
      }
      expect(texts.indexOf('on the roof')).toBeLessThan(texts.indexOf('Stay there'));
      expect((await ask('GET', `chats/${there.chat}/notes`)).body.notes).toMatchObject([{ text: 'deaf' }]);
      await ask('POST', `chats/${there.chat}/stop`, { text: 'Help is there', by: 'ben' });
      await until(() => (client.phase === 'stopped' ? true : undefined));
      expect((await ask('GET', 'takers/ben')).body).toMatchObject({ used: 0 });
      for (const id of ['ana', 'ben']) await ask('DELETE', `takers/${id}`);
      for (const type of ['ready', 'chat', 'message', 'queue', 'taker', 'note', 'transfer']) {
        expect(events.types()).toContain(type);
      }
      events.close();
    },
  );

  it(
    'calls back, with and without an incident',
    { meta: { clause: 'TS 103 698 6.1.2.5; RFC 7090' } },
    async () => {
      const { client, heard } = await caller('bea');
      const chat = encodeURIComponent(client.callId);
      await ask('POST', `chats/${chat}/stop`, { text: 'Good bye' });
      await until(() => (client.phase === 'stopped' ? true : undefined));
      const back = await ask('POST', `chats/${chat}/call-back`, { text: 'Are you safe?', incident: true });
      expect(back.status).toBe(201);
      await until(() => heard.find(({ text }) => text === 'Are you safe?'));
      expect(client.phase).toBe('open');
      expect(await client.say('yes')).toMatchObject({ delivered: true });
      expect((await ask('POST', `chats/${chat}/stop`, {})).status).toBe(201);
    },
  );

  curl.it('does all that the README tells', async () => {
    const { client, heard } = await caller('carla');
    const section = readme.slice(readme.indexOf('**3. Be the call taker.**'));
    const block = section.slice(section.indexOf('```sh\n') + 6);
    const lines = block
      .slice(0, block.indexOf('```'))
      .split('\n')
      .filter((line) => line.trim() !== '');
    expect(lines.length).toBeGreaterThan(8);
    let setUp = '';
    let chat = '';
    const run = promisify(execFile);
    for (const line of lines) {
      const command = line.replaceAll('15090', String(lab.port(15_090))).replaceAll('CHAT', chat);
      if (!command.startsWith('curl')) {
        setUp += `${command}\n`;
        continue;
      }
      // A stream has no end of its own.
      const ends = command.includes('-N') ? command.replace('curl', 'timeout 1 curl') : command;
      const { stdout } = await run('sh', ['-c', `${setUp}${ends}\ntrue`]);
      expect(stdout, line).not.toContain('"title"');
      if (line.includes('queue/accept')) chat = (JSON.parse(stdout) as { chat: string }).chat;
    }
    expect((await ask('GET', `chats/${chat}`)).body.callId).toBe(client.callId);
    await until(() => heard.find(({ text }) => text === 'Help is on the way'));
  });
});
