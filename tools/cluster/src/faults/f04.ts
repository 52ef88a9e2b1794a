import { type Fault, backIn } from './fault.js';

const alone = ['bcf-1', 'esrp-1', 'psap-1', 'provider'] as const;
const siblings = ['bcf-2', 'esrp-2', 'psap-2'] as const;

export const f04: Fault = {
  id: 'F04',
  title: 'the only instance of everything is killed, and started again by its supervisor',
  goal: 'UDP senders lose nothing (Timer F 32 s)',
  answer: 'cold start in about a second of processor time; senders retransmit until then',
  load: { ways: ['udp', 'provider'] },
  bounds: { refusedShare: 0 },
  async inject({ cluster, note }) {
    const away = siblings.filter((name) => cluster.has(name));
    await Promise.all(away.map((name) => cluster.process(name).hold()));
    await Promise.all(alone.map((name) => cluster.process(name).kill()));
    const readyMs = await backIn(cluster, ...alone);
    note(`all of them ready after ${readyMs} ms`);
    return {
      heal: async () => void (await Promise.all(away.map((name) => cluster.process(name).start()))),
      figures: () => ({ readyMs }),
    };
  },
};
