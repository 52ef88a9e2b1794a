import { type PlatformOptions, type RunningElement, type TlsOptions, startElement } from '@esinet/platform';
import { BoundaryReload } from './boundary-reload.js';
import type { EcrfConfig } from './ecrf-config.js';
import { ECRF, type EcrfExtras, ecrfModule } from './ecrf.module.js';
import type { Ecrf } from './ecrf.js';
import { lostRoutes } from './lost-http.js';
import { reloadRoutes } from './reload-http.js';

/**
 * Starts an ECRF. With `tls` LoST is served over https.
 *
 * @throws NoBoundariesError, ListenError
 */
export function startEcrf(
  config: EcrfConfig,
  platform: PlatformOptions,
  extras: EcrfExtras & { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  return startElement({
    name: 'ecrf',
    module: ecrfModule(config, extras),
    http: { ...config.http, ...(extras.tls ? { tls: extras.tls } : {}) },
    platform,
    fastRoutes: (get) => ({
      ...lostRoutes(get<Ecrf>(ECRF), config.mapPositions),
      ...reloadRoutes(get(BoundaryReload), config.reload),
    }),
  });
}
