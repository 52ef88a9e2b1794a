import { httpHeldClient } from '@esinet/held';
import type { Clock, IdSource, Logger } from '@esinet/kernel';
import type { OutgoingMessage, SendOutcome } from '@esinet/lmpe';
import type { Limits, Metrics, Records, TlsOptions } from '@esinet/platform';
import { AlertDesk } from './alerts/alert-desk.js';
import type { ShownAlert } from './alerts/alert-record.js';
import { httpDataFetch } from './attachments/data-fetch.js';
import { Lookups } from './attachments/lookups.js';
import type { Centres } from './centre.js';
import type { PsapConfig } from './config.js';
import { heldLook } from './location-look.js';
import { TestDesk } from './tests/test-desk.js';

export interface SideDeskOptions {
  readonly config: PsapConfig;
  readonly centres: Centres;
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly logger: Logger;
  readonly limits: Pick<Limits, 'xml'>;
  readonly tls: TlsOptions | null;
  readonly metrics: Metrics;
  readonly send: (
    from: { readonly callId: string; readonly centreUri: string },
    message: OutgoingMessage,
  ) => Promise<SendOutcome>;
  readonly onAlert: (alert: ShownAlert) => void;
  readonly onTest: (test: { readonly centre: string; readonly outcome: string }) => void;
}

/** Looks behind references, with the credentials of this element. */
export function lookupsOf(o: Omit<SideDeskOptions, 'send' | 'onAlert' | 'onTest'>): Lookups {
  const { config, clock, logger, limits, tls } = o;
  const { held, additionalData: data } = config;
  const credentials = tls && { tls };
  return new Lookups({
    look:
      held.allowedHosts.length === 0
        ? undefined
        : heldLook(
            httpHeldClient({ allowedHosts: held.allowedHosts, timeoutMs: held.timeout, ...credentials }),
            logger,
          ),
    fetch: httpDataFetch({
      allowedHosts: data.allowedHosts,
      plainHosts: data.plainHosts,
      timeoutMs: data.timeout,
      maxBytes: data.maxBytes,
      ...credentials,
    }),
    clock,
    logger,
    intervalMs: held.interval,
    xml: limits.xml,
  });
}

export function testDeskOf(o: SideDeskOptions): TestDesk {
  const { config, centres, metrics, onTest } = o;
  const counter = metrics.counter('esinet_test_calls_total', 'Test calls', ['outcome']);
  return new TestDesk({
    ...o,
    config: config.tests,
    element: config.element,
    centre: (id) => centres.get(id) ?? { ...centres.default, id },
    look: testLook(o),
    attempts: config.limits.attempts,
    firstPauseMs: config.limits.firstPause,
    onTest: (test) => {
      counter.inc({ outcome: test.outcome });
      onTest(test);
    },
  });
}

/** TS 103 698 6.1.2.10: credentials issued for tests. Those for real calls are never shown for one. */
function testLook({ config, logger }: SideDeskOptions): ReturnType<typeof heldLook> | undefined {
  const { allowedHosts = config.held.allowedHosts, timeout, token, cert, key, ca } = config.tests.held;
  if (allowedHosts.length === 0) return undefined;
  const client = httpHeldClient({
    allowedHosts,
    timeoutMs: timeout,
    ...(token !== undefined && { token }),
    tls: {
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
      ...(ca !== undefined && { ca }),
    },
  });
  return heldLook(client, logger);
}

export function alertDeskOf(o: SideDeskOptions, lookups: Lookups): AlertDesk {
  const counter = o.metrics.counter('esinet_alerts_total', 'Non-interactive calls', []);
  return new AlertDesk({
    records: o.records,
    clock: o.clock,
    logger: o.logger,
    lookups,
    onAlert: (alert, isNew) => {
      if (isNew) counter.inc({});
      o.onAlert(alert);
    },
  });
}
