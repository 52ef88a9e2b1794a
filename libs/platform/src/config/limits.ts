import {
  type BodyLimits,
  type LocateLimits,
  type SipLimits,
  type SipTimers,
  type TransactionLimits,
  type TransportLimits,
  defaultBodyLimits,
  defaultLocateLimits,
  defaultProxyTimes,
  defaultSipLimits,
  defaultTimers,
  defaultTransactionLimits,
  defaultTransportLimits,
} from '@esinet/sip';
import { DEFAULT_XML_LIMITS, type XmlLimits } from '@esinet/xml';
import { z } from 'zod';
import { type BusLimits, defaultBusLimits } from '../bus/in-process-bus.js';
import { type HttpLimits, defaultHttpLimits } from '../http/http-limits.js';
import { type RecordsLimits, defaultRecordsLimits } from '../records/level-records.js';
import { defaultMaxEntries } from '../store/memory-store.js';

/** Times of a proxy core that are the same for every element; `failover` is a key of each. Milliseconds. */
export type ProxyTimes = Pick<
  Record<keyof typeof defaultProxyTimes, number>,
  'timerCMs' | 'connectMs' | 'cooldownMs'
>;

/** Every bound that is not an element's own. Names and defaults are those of the objects that the code works with. */
export interface Limits {
  /** One SIP message. */
  readonly message: SipLimits;
  /** Multipart bodies. */
  readonly body: BodyLimits;
  /** Documents of others: PIDF-LO, LoST, HELD. Clients have a limit of their own for the octets of an answer. */
  readonly xml: XmlLimits;
  readonly transport: TransportLimits;
  readonly transactions: TransactionLimits;
  /** The other timers follow from these. RFC 3261 table 4 */
  readonly timers: Pick<SipTimers, 't1' | 't2' | 't4' | 'trying'>;
  readonly proxy: ProxyTimes;
  readonly locate: LocateLimits & { readonly timeoutMs: number };
  readonly http: HttpLimits;
  readonly records: RecordsLimits;
  readonly bus: BusLimits;
  readonly store: { readonly maxEntries: number };
}

/** Milliseconds one server location may take in all: DNS answers within that, or the next way is tried. */
export const defaultLocateTimeoutMs = 1_500;

export const defaultLimits: Limits = {
  message: defaultSipLimits,
  body: defaultBodyLimits,
  xml: DEFAULT_XML_LIMITS,
  transport: defaultTransportLimits,
  transactions: defaultTransactionLimits,
  timers: {
    t1: defaultTimers.t1,
    t2: defaultTimers.t2,
    t4: defaultTimers.t4,
    trying: defaultTimers.trying,
  },
  proxy: {
    timerCMs: defaultProxyTimes.timerCMs,
    connectMs: defaultProxyTimes.connectMs,
    cooldownMs: defaultProxyTimes.cooldownMs,
  },
  locate: { timeoutMs: defaultLocateTimeoutMs, ...defaultLocateLimits },
  http: defaultHttpLimits,
  records: defaultRecordsLimits,
  bus: defaultBusLimits,
  store: { maxEntries: defaultMaxEntries },
};

/** Longest timer of node:timers; a longer one would run at once. */
const maxMs = 2_147_483_647;

type Range = readonly [least: number, most: number];

/** 1 to 2,147,483,647 where nothing else stands here. */
const ranges: Readonly<Record<string, Range>> = {
  // Less would refuse ordinary emergency messages with location and chat text.
  'message.maxMessage': [4_096, 67_108_864],
  'message.maxHeaderSection': [2_048, 1_048_576],
  'message.maxHeaderLine': [512, 1_048_576],
  'message.maxHeaderLines': [20, 10_000],
  'message.maxUri': [128, 65_536],
  'body.maxDepth': [1, 32],
  // A PIDF-LO has ten levels and a namespace for each.
  'xml.maxBytes': [4_096, 67_108_864],
  'xml.maxDepth': [16, 256],
  'xml.maxElements': [100, maxMs],
  'xml.maxAttributes': [16, 10_000],
  'transport.keepAliveMs': [0, maxMs],
  'transport.maxDatagramBytes': [576, 65_507],
  // TS 103 698 6.1.1: three minutes at least.
  'transport.idleTimeoutMs': [180_000, maxMs],
  'transactions.fullStatus': [400, 699],
  'transactions.reservedPercent': [0, 90],
  'timers.t1': [10, 10_000],
  'timers.t2': [10, 60_000],
  'timers.t4': [10, 60_000],
  'timers.trying': [1, 60_000],
  // RFC 3261 16.6 step 11: more than three minutes.
  'proxy.timerCMs': [180_001, maxMs],
  'proxy.cooldownMs': [0, maxMs],
  'locate.maxStaleMs': [0, maxMs],
  'locate.defaultTtlMs': [0, maxMs],
  'locate.retryAfterMs': [0, maxMs],
};

type Numbers<T> = { readonly [K in keyof T]: number };

function numbers<T extends Numbers<T>>(section: string, defaults: T) {
  const members = Object.entries<number>(defaults).map(([key, value]) => {
    const [least, most] = ranges[`${section}.${key}`] ?? [1, maxMs];
    return [key, z.int().min(least).max(most).default(value)] as const;
  });
  const shape = Object.fromEntries(members) as { [K in keyof T]: z.ZodDefault<z.ZodInt> };
  return z.strictObject(shape);
}

/** The section `limits` of the configuration. Every key stands in docs/limits.md. */
export const limitsSchema: z.ZodType<Limits> = z
  .strictObject({
    message: numbers('message', defaultLimits.message).prefault({}),
    body: numbers('body', defaultLimits.body).prefault({}),
    xml: numbers('xml', defaultLimits.xml).prefault({}),
    transport: numbers('transport', defaultLimits.transport).prefault({}),
    transactions: numbers('transactions', defaultLimits.transactions).prefault({}),
    timers: numbers('timers', defaultLimits.timers).prefault({}),
    proxy: numbers('proxy', defaultLimits.proxy).prefault({}),
    locate: numbers('locate', defaultLimits.locate).prefault({}),
    http: numbers('http', defaultLimits.http).prefault({}),
    records: numbers('records', defaultLimits.records).prefault({}),
    bus: numbers('bus', defaultLimits.bus).prefault({}),
    store: numbers('store', defaultLimits.store).prefault({}),
  })
  .superRefine(({ message, transport, timers }, context) => {
    const issue = (path: string[], text: string): void =>
      context.addIssue({ code: 'custom', message: text, path });
    if (message.maxHeaderSection > message.maxMessage) {
      issue(['message', 'maxHeaderSection'], `must be at most message.maxMessage, ${message.maxMessage}`);
    }
    if (transport.maxReadBufferBytes < message.maxMessage) {
      issue(
        ['transport', 'maxReadBufferBytes'],
        `must be at least message.maxMessage, ${message.maxMessage}`,
      );
    }
    if (timers.t2 < timers.t1) issue(['timers', 't2'], `must be at least timers.t1, ${timers.t1}`);
  })
  .prefault({});
