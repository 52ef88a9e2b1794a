import {
  type DynamicModule,
  Global,
  Inject,
  Injectable,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { type Clock, type IdSource, type Logger, randomIds, silentLogger, systemClock } from '@esinet/kernel';
import type { DrainTimes } from '../app/drain-config.js';
import type { Bus } from '../bus/bus.js';
import { InProcessBus } from '../bus/in-process-bus.js';
import { type Limits, defaultLimits } from '../config/limits.js';
import { absentRecords } from '../records/absent-records.js';
import { LevelRecords, type RecordsLimits } from '../records/level-records.js';
import type { Records } from '../records/records.js';
import { MemoryStore } from '../store/memory-store.js';
import type { Store } from '../store/store.js';
import { watchEventLoop } from '../telemetry/event-loop.js';
import { HealthChecks } from '../telemetry/health.js';
import { type Metrics, PrometheusMetrics } from '../telemetry/metrics.js';
import {
  BUS,
  CLOCK,
  DRAIN,
  ELEMENT,
  HEALTH,
  IDS,
  INSTANCE,
  LIMITS,
  LOGGER,
  METRICS,
  RECORDS,
  STORE,
  TRANSACTION_SECRET,
} from './tokens.js';

/**
 * The adapters behind the ports. What is given stays the giver's: several elements of one process share it, and none of
 * them closes it. What is missing is made for this element alone and closed with it.
 */
export interface PlatformOptions {
  readonly bus?: Bus;
  readonly store?: Store;
  readonly records?: Records;
  /** Where records are opened when none are given. Without it nothing can be stored, and every append is refused. */
  readonly dataFolder?: string;
  /** Name of this process among those that share bus, store and records. Default `one`. */
  readonly instance?: string;
  /** 32 hexadecimal digits, the same in all processes of the element. Default: the branches are this process's own. */
  readonly transactionSecret?: string | undefined;
  /** Default: no notice, and each element its own time for requests under way. */
  readonly drain?: DrainTimes;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly ids?: IdSource;
  /** Bounds of SIP, HTTP and what is made here; of what is given they are the giver's. */
  readonly limits?: Limits;
  /** This element's own metrics; each element of a process has its own. */
  readonly metrics?: PrometheusMetrics;
  /** Also count memory and processor of the process: for one element of a process. */
  readonly processMetrics?: boolean;
}

const OWNED = Symbol('esinet.owned');

interface Owned {
  readonly close: (() => Promise<void>)[];
}

@Injectable()
class Closing implements OnApplicationShutdown {
  constructor(@Inject(OWNED) private readonly owned: Owned) {}

  async onApplicationShutdown(): Promise<void> {
    await Promise.allSettled(this.owned.close.map((close) => close()));
  }
}

/** The ports for every module of an element, whichever adapters stand behind them. */
@Global()
@Module({})
export class PlatformModule {
  static forRoot(o: PlatformOptions & { readonly element?: string } = {}): DynamicModule {
    const owned: Owned = { close: [] };
    const logger = (o.logger ?? silentLogger).child(o.element === undefined ? {} : { element: o.element });
    const clock = o.clock ?? systemClock;
    const limits = o.limits ?? defaultLimits;
    const health = new HealthChecks(clock);
    watchEventLoop(health);
    const makeBus = (): Bus => {
      const bus = new InProcessBus({ logger, clock, limits: limits.bus });
      owned.close.push(() => bus.close());
      return bus;
    };
    const openBus = (): Bus => {
      const bus = o.bus ?? makeBus();
      if (bus.note) health.note('bus', () => bus.note?.());
      return bus;
    };
    const openRecords = async (): Promise<Records> => {
      const records =
        o.records ?? (await ownRecords(o.dataFolder, { logger, limits: limits.records }, owned));
      if (records.check) health.register('records', () => records.check?.() ?? Promise.resolve(undefined));
      if (records.note) health.note('records', () => records.note?.());
      return records;
    };
    const metrics =
      o.metrics ??
      new PrometheusMetrics({
        ...(o.element === undefined ? {} : { element: o.element }),
        process: o.processMetrics ?? false,
      });
    return {
      module: PlatformModule,
      providers: [
        { provide: OWNED, useValue: owned },
        { provide: ELEMENT, useValue: o.element ?? 'esinet' },
        { provide: INSTANCE, useValue: o.instance ?? 'one' },
        { provide: DRAIN, useValue: o.drain ?? null },
        { provide: TRANSACTION_SECRET, useValue: o.transactionSecret ?? null },
        { provide: CLOCK, useValue: clock },
        { provide: LOGGER, useValue: logger },
        { provide: LIMITS, useValue: limits },
        { provide: IDS, useValue: o.ids ?? randomIds },
        { provide: METRICS, useValue: metrics satisfies Metrics },
        { provide: HEALTH, useValue: health },
        { provide: BUS, useFactory: openBus },
        { provide: STORE, useFactory: () => o.store ?? new MemoryStore({ clock, ...limits.store }) },
        { provide: RECORDS, useFactory: openRecords },
        Closing,
      ],
      exports: [
        ...[ELEMENT, INSTANCE, DRAIN, TRANSACTION_SECRET, CLOCK, LOGGER, LIMITS, IDS, METRICS, HEALTH],
        ...[BUS, STORE, RECORDS],
      ],
    };
  }
}

async function ownRecords(
  folder: string | undefined,
  o: { readonly logger: Logger; readonly limits: RecordsLimits },
  owned: Owned,
): Promise<Records> {
  if (folder === undefined) return absentRecords();
  const records = await LevelRecords.open(folder, o);
  owned.close.push(() => records.close());
  return records;
}
