import { describe, expect, it } from 'vitest';
import { ModelApp, service } from './model/model-app.js';
import { ModelPsap } from './model/model-psap.js';
import { Agenda, type Random, seeded } from './model/random.js';
import { Network } from './model/world.js';

/** One chat between one APP and two PSAPs, in bad weather first and good weather at last. */
function run(
  seed: number,
  o: { readonly kills: boolean; readonly redirects: boolean; readonly trace?: Network['trace'] },
) {
  const random = seeded(seed);
  const agenda = new Agenda();
  const weather = {
    loss: random.pick([0, 0.1, 0.3, 0.5]),
    copies: random.pick([0, 0.3]),
    delayMs: random.pick([20, 900, 3_000]),
  };
  const network = new Network(agenda, random, weather);
  if (o.trace) network.trace = o.trace;
  const app = new ModelApp(network);
  const madrid = new ModelPsap('sip:madrid@esinet.lab', network);
  const toledo = new ModelPsap('sip:toledo@esinet.lab', network);
  madrid.peer = toledo;
  toledo.peer = madrid;
  network.listen(service, (m) => network.deliver(madrid.uri, m));
  app.apply({ type: 'start', text: 'help' });
  const psaps = [madrid, toledo];
  for (let step = 0; step < 40; step++) {
    agenda.runUntil(agenda.now + random.below(4_000));
    act(random, app, psaps, step, o);
  }
  network.heal();
  for (const psap of psaps) if (!psap.up) psap.wake();
  agenda.runUntil(agenda.now + 100_000);
  app.apply({ type: 'say', text: 'last' });
  agenda.runUntil(agenda.now + 40_000);
  return { app, psaps };
}

function act(
  random: Random,
  app: ModelApp,
  psaps: readonly ModelPsap[],
  step: number,
  o: { readonly kills: boolean; readonly redirects: boolean },
): void {
  const psap = random.pick(psaps);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      app.apply({ type: 'say', text: `a${step}` });
      break;
    case 3:
    case 4:
      if (psap.up && psap.state) psap.apply({ type: 'say', text: `${psap.uri} ${step}` });
      break;
    case 5:
      if (psap.up) psap.transfer();
      break;
    case 6:
      if (o.redirects && psap.up && psap.state) {
        psap.apply({ type: 'redirect', target: psap.peer.uri, text: 'go there' });
      }
      break;
    case 7:
      if (!o.kills) break;
      if (psap.up) psap.kill();
      else psap.wake();
      break;
    case 8:
      if (!psap.up) psap.wake();
      break;
    default:
      app.apply({ type: 'moved' });
  }
}

function check(
  { app, psaps }: ReturnType<typeof run>,
  o: { readonly kills: boolean; readonly redirects: boolean },
): void {
  const phases = psaps.map((p) => p.state?.phase);
  const open = psaps.filter((p) => p.state?.phase === 'open').map((p) => p.uri);
  expect(open, phases.join(' ')).toEqual([app.state.with]);
  expect(app.state.phase).toBe('open');
  // Nothing of the caller is lost: whoever has the chat has all of it.
  const holders = o.redirects ? psaps : psaps.filter((p) => p.uri === app.state.with);
  const has = new Set(holders.flatMap((p) => [...p.recorded()]));
  for (const text of app.delivered) expect(has).toContain(text);
  expect(app.delivered.at(-1)).toContain('last');
  for (const psap of psaps) {
    const times = [...psap.shown].filter(([, n]) => (o.kills ? n > 1 : n !== 1));
    expect(times).toEqual([]);
    if (!o.kills) {
      const shown = [...psap.shown.keys()].map((key) => key.slice(key.indexOf(' ') + 1));
      expect(new Set(shown)).toEqual(psap.recorded());
    }
    expect(psap.state?.arrivals.held ?? []).toEqual([]);
    const counted = psap.ids.filter((id) => !/\/(266|274)$/.test(id)).map((id) => Number(id.split('/')[0]));
    expect(counted).toEqual([...counted].sort((a, b) => a - b));
    expect(new Set(counted).size).toBe(counted.length);
  }
  expect([...app.shown.values()].every((n) => n === 1)).toBe(true);
  expect(app.state.arrivals.held).toEqual([]);
  expect(app.state.queue).toEqual([]);
  expect(app.ids).toEqual(app.ids.map((_, i) => i + 1));
}

describe('one APP and two PSAPs, with loss, copies, overtaking and kills', () => {
  const kinds = [
    ['transfers', 600, { kills: false, redirects: false }],
    ['transfers and kills', 600, { kills: true, redirects: false }],
    ['transfers and redirects', 400, { kills: false, redirects: true }],
    ['all of it', 400, { kills: true, redirects: true }],
  ] as const;
  for (const [name, runs, o] of kinds) {
    const how = { timeout: 120_000, meta: { clause: 'TS 103 698 6.2.6' } };
    it(`end with one owner that has everything: ${name}`, how, () => {
      for (let seed = 1; seed <= runs; seed++) {
        try {
          check(run(seed, o), o);
        } catch (error) {
          throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
        }
      }
    });
  }
});
