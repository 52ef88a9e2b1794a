import { type Injected, type Trouble, pause } from './fault.js';
import { type Answering, deafStub, httpStub } from '../disturb/stub-server.js';

/** In the place of a server one that answers badly, a while for each way of answering. */
export async function badServer(
  { cluster, note }: Trouble,
  name: string,
  ways: Readonly<Record<string, Answering>>,
  eachMs: number,
): Promise<Injected> {
  await cluster.process(name).hold();
  for (const [way, answering] of Object.entries(ways)) {
    note(`${name} answers: ${way}`);
    const stub = await httpStub(cluster.port(name, 'http'), answering);
    await pause(eachMs);
    await stub.close();
  }
  return { heal: () => cluster.process(name).start() };
}

/** In the place of a SIP element one that accepts connections and never reads. */
export async function deafServer({ cluster }: Trouble, name: string, port: string): Promise<Injected> {
  await cluster.process(name).hold();
  const stub = await deafStub(cluster.port(name, port));
  return {
    heal: async () => {
      await stub.close();
      await cluster.process(name).start();
    },
  };
}
