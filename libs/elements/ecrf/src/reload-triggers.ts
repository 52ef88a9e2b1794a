import { isatty } from 'node:tty';
import { watchFiles } from '@esinet/platform';
import { BoundaryReload, type ReloadPorts } from './boundary-reload.js';
import { BoundarySpread } from './boundary-spread.js';
import type { EcrfConfig } from './ecrf-config.js';
import type { Ecrf } from './ecrf.js';
import { layersOf } from './layers.js';
import { type LabExtras, filesOf, planOf, policyOf } from './layers-config.js';

/** The reload of an ECRF's files into it. */
export function reloadOf(
  config: EcrfConfig,
  extras: LabExtras,
  ecrf: Ecrf,
  ports: ReloadPorts,
): BoundaryReload {
  const { clock } = ports;
  const plan = planOf(config, extras, ecrf.layers.builtAt);
  return new BoundaryReload(
    plan,
    ({ sets, civic }) => ecrf.swap(layersOf(sets, { ...policyOf(config, clock.wall()), civicData: civic })),
    ports,
  );
}

/** SIGHUP, changed files and other ECRFs. Nothing to do where the boundaries come from no file. */
export class ReloadTriggers {
  readonly #stop: (() => void)[] = [];

  constructor(
    config: EcrfConfig,
    reload: BoundaryReload,
    { clock, logger, bus, instance }: Pick<ReloadPorts, 'clock' | 'logger' | 'bus'> & { instance: string },
  ) {
    const files = filesOf(planOf(config, {}, 0));
    if (files.length === 0) return;
    // Where a person sits at a terminal, SIGHUP says that the terminal is gone, and ends the process as ever.
    if (!isatty(0)) {
      const onSignal = (): void => void reload.reload('signal');
      process.on('SIGHUP', onSignal);
      this.#stop.push(() => process.off('SIGHUP', onSignal));
    }
    if (config.reload.watch) {
      const options = { what: 'boundary files', debounceMs: config.reload.debounce, clock, logger };
      this.#stop.push(watchFiles(files, options, () => void reload.reload('file')));
    }
    if (config.reload.share) {
      const { source } = config;
      const spread = new BoundarySpread({ files, source, reload, instance, bus, clock, logger });
      this.#stop.push(() => spread.stop());
    }
  }

  onApplicationShutdown(): void {
    for (const stop of this.#stop.splice(0)) stop();
  }
}
