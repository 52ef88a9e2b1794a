import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Logger, messageOf, systemClock } from '@esinet/kernel';
import type { z } from 'zod';
import { type Adapters, openAdapters } from '../cluster/open-adapters.js';
import { loadConfigWithOrigins, readConfig } from '../config/load-config.js';
import { formatProblem } from '../config/problem.js';
import type { RunningElement } from '../nest/start-element.js';
import type { PlatformOptions } from '../nest/platform-module.js';
import { watchCertificates } from '../pki/certificate-watch.js';
import type { TlsOptions } from '../pki/tls-options.js';
import { HEALTH } from '../nest/tokens.js';
import { watchClock } from '../telemetry/clock-watch.js';
import type { HealthChecks } from '../telemetry/health.js';
import { watchHeap } from '../telemetry/heap-watch.js';
import { createLogger } from '../telemetry/logger.js';
import { PrometheusMetrics } from '../telemetry/metrics.js';
import { type CommonConfig, appConfigSchema } from './app-config.js';
import { descriptorLimit, withinDescriptors } from './descriptors.js';

export interface App<T> {
  /** The element's name: its section of the configuration, its folder of records, its certificate. */
  readonly name: string;
  readonly schema: z.ZodType<T>;
  readonly start: (
    config: T,
    platform: PlatformOptions,
    extras: { readonly tls?: TlsOptions },
  ) => Promise<RunningElement>;
}

/** The file read when none is named and it is there. */
export const defaultConfigFile = 'esinet.yaml';

/**
 * The program of one element: reads the command line and the configuration, starts, and ends on SIGTERM or SIGINT once
 * what is under way is finished (at once on the second signal). Ends the process with 1 and one sentence on standard
 * error when it cannot start.
 */
export async function runApp<T>(app: App<T>, args: readonly string[] = process.argv.slice(2)): Promise<void> {
  const fail = (sentence: string): void => {
    process.stderr.write(`${sentence}\n`);
    process.exitCode = 1;
  };
  const flags = readFlags(args);
  if ('problem' in flags) return fail(`${app.name}: ${flags.problem}`);
  if (flags.help) {
    process.stdout.write(usage(app.name));
    return;
  }
  const schema = appConfigSchema(app.name, app.schema);
  const file = flags.config ?? (existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  const loaded =
    file === undefined
      ? readConfig(schema, '', defaultConfigFile, { flags: flags.set })
      : loadConfigWithOrigins(schema, file, { flags: flags.set });
  if (!loaded.ok) return fail(loaded.error.map(formatProblem).join('\n'));
  const { common, element } = loaded.value.value;
  if (flags.check) {
    process.stdout.write(`${file ?? 'the default configuration'} is valid\n`);
    return;
  }

  const logger = createLogger(common.log);
  const metrics = new PrometheusMetrics({ element: app.name, process: true });
  guardProcess(logger, metrics);
  let running: RunningElement;
  let adapters: Adapters | undefined;
  try {
    const tls = await tlsOf(common, common.pki.name ?? app.name, { clock: systemClock, logger, metrics });
    const limits = withinDescriptors(common.limits, descriptorLimit());
    const { maxConnections } = limits.transport;
    if (maxConnections < common.limits.transport.maxConnections) {
      logger.warn('fewer descriptors than connections', { maxConnections });
    }
    const folder = join(common.data, app.name);
    const instance = common.instance ?? instanceName(hostname());
    const ports = { instance, clock: systemClock, logger, metrics, limits, folder, tls };
    adapters = await openAdapters(common, ports);
    const { bus, store, records } = adapters;
    const platform: PlatformOptions = {
      ...(bus && { bus }),
      ...(store && { store }),
      ...(records && { records }),
      ...{ instance, logger, metrics, dataFolder: folder, limits },
      transactionSecret: common.sip.transactionSecret,
      drain: common.drain,
    };
    running = await app.start(element, platform, tls ? { tls } : {});
  } catch (error) {
    await adapters?.close();
    fail(`${app.name} cannot start: ${messageOf(error)}`);
    // Something that was started may still hold the process.
    setTimeout(() => process.exit(1), 100).unref();
    return;
  }
  const close = (): Promise<void> => running.close().finally(() => adapters?.close());
  const end = endOnSignal(close, logger, common.drain.limit);
  const watched = { health: running.get<HealthChecks>(HEALTH), clock: systemClock, logger, metrics };
  watchHeap({ ...watched, onFull: () => end('heap') });
  watchClock(watched);
  logger.info('ready', { element: app.name });
}

interface Flags {
  readonly config: string | undefined;
  readonly set: Record<string, string>;
  readonly check: boolean;
  readonly help: boolean;
}

function readFlags(args: readonly string[]): Flags | { readonly problem: string } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        config: { type: 'string', short: 'c' },
        set: { type: 'string', multiple: true },
        check: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const set: Record<string, string> = {};
    for (const assignment of values.set ?? []) {
      const equals = assignment.indexOf('=');
      if (equals < 1) return { problem: `--set ${assignment}: expected key=value, such as log.level=debug` };
      set[assignment.slice(0, equals)] = assignment.slice(equals + 1);
    }
    return { config: values.config, set, check: values.check, help: values.help };
  } catch (error) {
    return { problem: messageOf(error).split('. ')[0] ?? 'unknown argument' };
  }
}

function usage(name: string): string {
  return [
    `${name} [--config FILE] [--set key=value]… [--check]`,
    '',
    `  -c, --config FILE   the configuration, ${defaultConfigFile} when it is there`,
    '      --set KEY=VALUE replaces one value: --set log.level=debug',
    '      --check         only says whether the configuration is valid',
    '',
  ].join('\n');
}

/** The certificate of the folder that was configured; of the data folder when there is one. Its files are watched. */
async function tlsOf(
  { pki, data }: CommonConfig,
  name: string,
  o: Parameters<typeof watchCertificates>[1],
): Promise<TlsOptions | undefined> {
  const folder = pki.folder ?? join(data, 'pki');
  if (pki.folder === undefined && !existsSync(join(folder, `${name}.cert.pem`))) return undefined;
  const { trust, crl, check: everyMs } = pki;
  const watch = await watchCertificates({ folder, name, trust, crl }, { ...o, limits: { everyMs } });
  return watch.tls;
}

/** A host name as an instance's. */
export function instanceName(host: string): string {
  const name = host.replace(/[^a-z0-9]+/gi, '-').slice(0, 63);
  return name.replace(/^-|-$/g, '') || 'one';
}

/**
 * A promise that nobody handled is a mistake in one message's handling: it is logged and counted, and the others go on.
 * After an exception that nobody caught the state of the program is unknown: it ends, to be started afresh.
 */
function guardProcess(logger: Logger, metrics: PrometheusMetrics): void {
  const rejections = metrics.counter(
    'esinet_unhandled_rejections_total',
    'Promises whose failure nobody handled',
  );
  process.on('unhandledRejection', (reason) => {
    rejections.inc();
    logger.error('unhandled rejection', { reason: messageOf(reason), stack: stackOf(reason) });
  });
  process.on('uncaughtException', (error) => {
    logger.error('uncaught exception', { reason: messageOf(error), stack: stackOf(error) });
    process.exit(1);
  });
}

/**
 * On SIGTERM or SIGINT, or when the function it gives is called, what is under way is finished; then the process ends,
 * with 1 where nobody asked for it, so that whoever supervises it starts it anew.
 */
function endOnSignal(close: () => Promise<void>, logger: Logger, limitMs: number): (why: 'heap') => void {
  let ending = false;
  const end = (why: string, code: number): void => {
    ending = true;
    logger.info('shutting down', { signal: why });
    setTimeout(() => {
      logger.error('shutdown took too long', { limitMs });
      process.exit(1);
    }, limitMs).unref();
    close().then(
      () => process.exit(code),
      (error: unknown) => {
        logger.error('shutdown failed', { reason: messageOf(error) });
        process.exit(1);
      },
    );
  };
  const asked = (signal: NodeJS.Signals): void => {
    if (ending) process.exit(1);
    end(signal, 0);
  };
  process.on('SIGTERM', asked);
  process.on('SIGINT', asked);
  return (why) => {
    if (!ending) end(why, 1);
  };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
