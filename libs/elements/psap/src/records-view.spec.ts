import { HttpsAgent, httpExchange } from '@esinet/kernel';
import { MemoryRecords } from '@esinet/platform';
import { certificateAuthority } from '@esinet/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { psapConfigSchema } from './config.js';
import { offered } from './records-view.js';
import { startPsap } from './start-psap.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function kept(count: number): Promise<MemoryRecords> {
  const records = new MemoryRecords();
  for (let i = 0; i < count; i++) {
    await records.put('messages', `a/${String(i).padStart(4, '0')}`, { i, text: 'x'.repeat(100) });
  }
  await records.put('chats', 'a', { chat: 'a' });
  await records.put('transfers', 't', { secret: true });
  return records;
}

const ask = async (records: MemoryRecords, path: string, method = 'GET') => {
  const url = new URL(path, 'https://psap');
  const answer = await offered(records, { method, path: url.pathname, query: url.searchParams });
  return { status: answer.status, json: JSON.parse(String(answer.body ?? '{}')) as Record<string, never> };
};

describe('the view of the records', () => {
  it('gives values and pages of the collections that are offered, and of no other', async () => {
    const records = await kept(60);
    expect(await ask(records, '/records/chats?key=a')).toEqual({ status: 200, json: { chat: 'a' } });
    expect(await ask(records, '/records/chats?key=b')).toMatchObject({ status: 404 });
    const page = await ask(records, '/records/messages?prefix=a/&limit=40');
    expect(page.json['more']).toBe(true);
    const keys = (page.json['records'] as unknown as { key: string }[]).map(({ key }) => key);
    expect([keys.length, keys[0], keys.at(-1)]).toEqual([40, 'a/0000', 'a/0039']);
    const rest = await ask(records, '/records/messages?prefix=a/&after=a/0039');
    expect(rest.json).toMatchObject({ more: false });
    expect(rest.json['records']).toHaveLength(20);
    const [last] = (await ask(records, '/records/messages?reverse=true&limit=1')).json[
      'records'
    ] as unknown as object[];
    expect(last).toMatchObject({ key: 'a/0059' });
    for (const [path, status] of [
      ['/records/transfers?key=t', 404],
      ['/records/..%2Ftransfers', 404],
      ['/records/messages?limit=0', 400],
      ['/records/messages?limit=1001', 400],
      ['/records/messages?more=1', 400],
      ['/records/chats?key=', 400],
    ] as const) {
      expect(await ask(records, path), path).toMatchObject({ status });
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      expect(await ask(records, '/records/chats', method)).toMatchObject({ status: 405 });
    }
  });

  it('is on a listener of its own, for those it names and nobody else', async () => {
    const ca = await certificateAuthority();
    const own = await ca.issue({ names: ['IP:127.0.0.1', 'URI:sip:psap.esinet.internal'] });
    const reader = await ca.issue({ names: ['URI:sip:handover.esinet.lab'] });
    const psap = await startPsap(
      psapConfigSchema.parse({
        ...{ listeners: [{ name: 'psap', transport: 'udp', port: 0 }], http: { port: 0 } },
        transfer: { listen: { port: 0 } },
        recordsView: { port: 0, readers: ['URI:sip:handover.esinet.lab'] },
      }),
      { records: await kept(3) },
      { tls: own },
    );
    closing.push(() => psap.close());
    const get = async (tls: object, port = psap.also?.[0]?.port) => {
      const agent = new HttpsAgent({ keepAlive: false }, tls);
      closing.push(() => agent.destroy());
      const url = `https://127.0.0.1:${port ?? 0}/records/messages`;
      const answer = await httpExchange({ method: 'GET', url, agent, timeoutMs: 5_000, maxBytes: 100_000 });
      return answer.ok ? answer.value.status : answer.error.code;
    };
    expect(await get(reader)).toBe(200);
    expect(await get(own)).toBe(403);
    expect(await get({ ca: own.ca })).toBe('unreachable');
    expect(await get(reader, psap.http.port)).not.toBe(200);
    expect(await get(reader, psap.secure?.port)).toBe(404);
  });
});
