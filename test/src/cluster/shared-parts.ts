import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@esinet/kernel';
import {
  type Bus,
  InProcessBus,
  LevelRecords,
  MemoryStore,
  type Records,
  type Store,
} from '@esinet/platform';

/** Bus, store and records that several elements of one test share as if they were servers. */
export class SharedParts {
  readonly bus = new InProcessBus();
  readonly store = new MemoryStore({ clock: systemClock });

  private constructor(
    readonly records: LevelRecords,
    private readonly folder: string,
  ) {}

  static async open(): Promise<SharedParts> {
    const folder = await mkdtemp(join(tmpdir(), 'esinet-shared-'));
    return new SharedParts(await LevelRecords.open(join(folder, 'records')), folder);
  }

  /** What one element has of them. Once cut it never hears of them again: as a process that was killed. */
  line(): { readonly bus: Bus; readonly store: Store; readonly records: Records; readonly cut: () => void } {
    const cut = { off: false };
    return {
      bus: muted(this.bus, cut),
      store: hanging<Store>(this.store, cut),
      records: hanging<Records>(this.records, cut),
      cut: () => (cut.off = true),
    };
  }

  async close(): Promise<void> {
    await this.bus.close();
    await this.records.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const never = new Promise<never>(() => undefined);

function hanging<T extends object>(inner: T, cut: { readonly off: boolean }): T {
  return new Proxy(inner, {
    get: (target, name) => {
      const found: unknown = Reflect.get(target, name);
      // Others write there too.
      if (name === 'exclusive') return undefined;
      if (typeof found !== 'function') return found;
      return async (...args: unknown[]) => {
        if (cut.off) return never;
        const answer = (await (found as (...of: unknown[]) => Promise<unknown>).apply(
          target,
          args,
        )) as unknown;
        return cut.off ? never : answer;
      };
    },
  });
}

function muted(bus: Bus, cut: { readonly off: boolean }): Bus {
  return {
    publish: (subject, payload) => {
      if (!cut.off) bus.publish(subject, payload);
    },
    subscribe: (pattern, handler, options) =>
      bus.subscribe(
        pattern,
        (payload, subject) => (cut.off ? undefined : handler(payload, subject)),
        options,
      ),
    request: (subject, payload, options) => (cut.off ? never : bus.request(subject, payload, options)),
    reply: (pattern, handler, options) =>
      bus.reply(
        pattern,
        async (payload, subject) => {
          if (cut.off) return never;
          const answer = await handler(payload, subject);
          return cut.off ? never : answer;
        },
        options,
      ),
    close: () => Promise.resolve(),
  };
}
