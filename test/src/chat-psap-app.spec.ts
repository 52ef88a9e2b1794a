import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type ChatClient, type ChatMessage, openChat } from '@esinet/element-app';
import { PsapService, psapConfigSchema, startPsap } from '@esinet/element-psap';
import { InProcessBus, LevelRecords, type Records, type RunningElement, SipEdge } from '@esinet/platform';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'psap-'));
  open.push({ close: () => rm(path, { recursive: true, force: true }) });
  return path;
}

/** Every port free, the APP itself being the next hop of what leaves. */
async function psap(o: {
  dataFolder?: string;
  records?: Records;
  appPort?: number;
  bus?: InProcessBus;
}): Promise<{
  element: RunningElement;
  port: number;
  tcp: number;
  api: string;
}> {
  const config = psapConfigSchema.parse({
    listeners: [
      { name: 'psap-udp', transport: 'udp', port: 0 },
      { name: 'psap-tcp', transport: 'tcp', port: 0 },
    ],
    http: { port: 0 },
    centres: [{ uri: 'sip:madrid@psap.esinet.internal', name: '112 Madrid (lab)' }],
    outboundProxy: `udp:127.0.0.1:${o.appPort ?? 9}`,
  });
  const element = await startPsap(config, {
    ...(o.dataFolder !== undefined && { dataFolder: o.dataFolder }),
    ...(o.records && { records: o.records }),
    ...(o.bus && { bus: o.bus }),
  });
  open.push(element);
  const edge = element.get<SipEdge>(SipEdge);
  return {
    element,
    port: edge.port('psap-udp') ?? 0,
    tcp: edge.port('psap-tcp') ?? 0,
    api: `http://127.0.0.1:${element.http.port}/api`,
  };
}

describe('APP and PSAP', () => {
  it('thin', async () => {
    const a = await psap({ dataFolder: await folder() });
    const client = await openChat({
      service: 'urn:service:sos',
      from: 'sip:ana@127.0.0.1',
      at: { lat: 40.4168, lon: -3.7038, radius: 30 },
      via: { transport: 'udp', host: '127.0.0.1', port: a.port },
    });
    open.push(client);
    const report = await client.start('help');
    expect(report).toMatchObject({ delivered: true, status: 200 });
    const chats = (await (await fetch(`${a.api}/chats`)).json()) as { chats: { callId: string }[] };
    expect(chats.chats[0]?.callId).toBe(client.callId);
    const chat = (await (await fetch(`${a.api}/chats/${client.callId}`)).json()) as object;
    console.log(JSON.stringify(chat, null, 1));
  });
});
