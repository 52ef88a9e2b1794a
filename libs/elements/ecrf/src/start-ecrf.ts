import {
  type PlatformOptions,
  type RunningElement,
  type TlsOptions,
  startElement,
  tlsIdentity,
  withTlsSide,
} from '@esinet/platform';
import { BoundaryReload } from './boundary-reload.js';
import type { EcrfConfig } from './ecrf-config.js';
import { ECRF, type EcrfExtras, ecrfModule } from './ecrf.module.js';
import type { Ecrf } from './ecrf.js';
import { ECRF_QUEUE } from './lost-bus.js';
import { lostRoutes } from './lost-http.js';
import { reloadRoutes } from './reload-http.js';

/**
 * Starts an ECRF, a forest guide or an LVF, whatever the configuration makes of it. `tls` is the certificate of the
 * program: for `config.tls` where that names none, and shown to the servers it asks.
 *
 * @throws NoBoundariesError, ListenError
 */
export async function startEcrf(
  config: EcrfConfig,
  platform: PlatformOptions,
  extras: EcrfExtras & { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  const identity = tlsIdentity('ecrf', config.tls, extras.tls);
  return startElement(
    withTlsSide(
      {
        name: 'ecrf',
        module: ecrfModule(config, { ...extras, ...(identity ? { tls: identity } : {}) }),
        http: config.http,
        platform,
        busQueue: ECRF_QUEUE,
        fastRoutes: (get) => ({
          ...lostRoutes(get<Ecrf>(ECRF), config.mapPositions),
          ...reloadRoutes(get(BoundaryReload), config.reload),
        }),
      },
      config.tls,
      identity,
    ),
  );
}
