import { type PlatformOptions, type RunningElement, type SipExtras, startElement } from '@esinet/platform';
import { serveOpenApi } from './api/openapi.js';
import { lisRoutes } from './lis-routes.js';
import type { LisConfig } from './lis-config.js';
import { LIS, lisModule } from './lis.module.js';
import type { Lis } from './lis.js';

/**
 * Starts a LIS. With `tls` HELD is served over https and location URIs are https; a TLS listener of SIP needs it.
 *
 * @throws ListenError
 */
export async function startLis(
  config: LisConfig,
  platform: PlatformOptions,
  extras: SipExtras = {},
): Promise<RunningElement> {
  const element = await startElement({
    name: 'lis',
    module: lisModule(config, extras),
    http: { ...config.http, ...(extras.tls ? { tls: extras.tls } : {}) },
    platform,
    prepare: serveOpenApi,
    fastRoutes: (get) => lisRoutes(config, get),
  });
  element.get<Lis>(LIS).listensOn(element.http.host, element.http.port, extras.tls !== undefined);
  return element;
}
