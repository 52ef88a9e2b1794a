import { type Injected, type Trouble, backIn } from './fault.js';

/** kill -9; the supervisor starts them again. */
export async function kill({ cluster, note }: Trouble, ...names: readonly string[]): Promise<Injected> {
  await Promise.all(names.map((name) => cluster.process(name).kill()));
  let readyMs: number | undefined;
  const back = backIn(cluster, ...names).then((ms) => {
    readyMs = ms;
    note(`${names.join(', ')} ready again after ${ms} ms`);
  });
  return {
    heal: () => back,
    figures: () => (readyMs === undefined ? {} : { readyMs }),
  };
}

/** SIGSTOP, until healed. */
export function freeze({ cluster }: Trouble, ...names: readonly string[]): Injected {
  for (const name of names) cluster.process(name).freeze();
  return {
    heal: () => {
      for (const name of names) cluster.process(name).thaw();
      return Promise.resolve();
    },
  };
}

/** Away until healed. */
export async function hold({ cluster }: Trouble, ...names: readonly string[]): Promise<Injected> {
  await Promise.all(names.map((name) => cluster.process(name).hold()));
  return {
    heal: async () => void (await Promise.all(names.map((name) => cluster.process(name).start()))),
  };
}
