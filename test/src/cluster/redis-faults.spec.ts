import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestServer, redisServer, requireProgram, until } from '@esinet/testing';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { type Chat, type TwoBorders, chatOver, status, twoBorders } from './two-borders.js';

const { path, it } = requireProgram('redis-server');

let server: TestServer;
let net: TwoBorders;
const chats: Chat[] = [];

/** Twice this many chats, each over one border and answered over the other. */
const perBorder = 3;

async function setUp(): Promise<void> {
  server = await redisServer(path);
  net = await twoBorders(server.url);
  await Promise.all(net.stores.map((store, i) => until(async () => (await there(store)) || i < 0)));
}

async function there(store: TwoBorders['stores'][number]): Promise<boolean> {
  return store.keys('bcf:instance:').then(
    (keys) => keys.length === 2,
    () => false,
  );
}

async function newChats(name: string): Promise<Chat[]> {
  const made = await Promise.all(
    Array.from({ length: 2 * perBorder }, (_, i) => chatOver(net, i % 2, `${name}${i}`)),
  );
  chats.push(...made);
  return made;
}

/** Rounds of all these chats until `over`, and one more. */
async function talk(those: readonly Chat[], over: () => boolean): Promise<(number | string)[]> {
  const statuses: (number | string)[] = [];
  let last = false;
  while (!last) {
    last = over();
    statuses.push(...(await Promise.all(those.map((chat) => chat.round()))).flat());
  }
  return statuses;
}

describe.skipIf(path === '')('chats over two borders while Redis', () => {
  beforeEach(setUp, 60_000);
  afterEach(async () => {
    server.thaw();
    await net.close();
    await Promise.all(chats.splice(0).map(({ phone }) => phone.stop()));
    await server.dispose();
  });

  const faults: Readonly<Record<string, () => Promise<void>>> = {
    'is killed and started again': async () => {
      await server.kill();
      await rounds(4);
      await server.start();
    },
    'is frozen and goes on': async () => {
      server.freeze();
      await rounds(4);
      server.thaw();
    },
    'is flushed': async () => {
      const socket = connect(server.port, '127.0.0.1', () => socket.end('FLUSHALL\r\n'));
      // What nobody reads keeps it open.
      socket.resume();
      await once(socket, 'close');
    },
  };

  /** Chats that begin while the fault lasts talk with the others. */
  async function rounds(count: number): Promise<void> {
    const fresh = await newChats('new');
    for (let i = 0; i < count; i++) seen.push(...(await talk(fresh, () => true)));
  }
  const seen: (number | string)[] = [];

  for (const [name, fault] of Object.entries(faults)) {
    it(
      name,
      async () => {
        seen.length = 0;
        const running = await newChats('old');
        expect(new Set(await talk(running, () => true))).toEqual(new Set([200]));
        let over = false;
        const talking = talk(running, () => over);
        try {
          await fault();
          await until(async () => there(net.stores[0]!));
          await until(async () => there(net.stores[1]!));
        } finally {
          over = true;
        }
        expect(new Set([...(await talking), ...seen])).toEqual(new Set([200]));
        // What was said meanwhile is in the store for the border that did not hear it.
        await until(async () => (await net.stores[0]!.keys('bcf:chat:')).length >= chats.length);
      },
      60_000,
    );
  }

  it('is away, a reported source is stopped at both borders all the same, and afterwards as well', async () => {
    const [chat] = await newChats('eve');
    await chat?.round();
    const [first] = net.esrp.received;
    const id = /<([^>]+)>;[^,]*purpose=emergency-source/.exec(
      first?.message.values('Call-Info').find((each) => each.includes('emergency-source')) ?? '',
    )?.[1];
    expect(id).toBeDefined();
    const list = async (border: number): Promise<unknown[]> => {
      const answer = (await (await fetch(`${net.http(border)}/BadActors`)).json()) as {
        badActors: unknown[];
      };
      return answer.badActors;
    };
    // The report reaches the border that did not give the identifier; then Redis goes away.
    await until(async () => {
      const answer = await fetch(`${net.http(1)}/BadActors`, { method: 'POST', body: id ?? '' });
      return answer.status === 201;
    });
    await server.kill();
    await until(async () => (await list(0)).length === 1);
    const undone = await fetch(`${net.http(0)}/BadActors/${encodeURIComponent(id ?? '')}`, {
      method: 'DELETE',
    });
    expect(undone.status).toBe(200);
    await until(async () => (await list(1)).length === 0);
    // And a report while it is away, to the border that gave the identifier.
    const again = await fetch(`${net.http(0)}/BadActors`, { method: 'POST', body: id ?? '' });
    expect(again.status).toBe(201);
    await until(async () => (await list(1)).length === 1);
    await server.start();
    await until(async () =>
      (await net.stores[1]!.get(`bcf:block:${id}`).catch(() => ''))?.includes('"action"'),
    );
    expect([(await list(0)).length, (await list(1)).length]).toEqual([1, 1]);
  }, 60_000);

  it('carries the time of a test call from one border to the other', async () => {
    const [chat] = await newChats('test');
    const test = async (border: number) => {
      const outcome = await chat!.phone.send({
        ...{ method: 'MESSAGE', uri: 'urn:service:test.sos', to: 'urn:service:test.sos', body: 'test' },
        ...{ from: 'sip:test@app.example', destination: net.at(border, 'public') },
      });
      return status(outcome);
    };
    expect(await test(0)).toBe(200);
    await until(async () => (await net.stores[0]!.keys('bcf:test:')).length === 1);
    expect([await test(1), await test(0)]).toEqual([486, 486]);
  }, 60_000);
});
