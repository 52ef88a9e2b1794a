import {
  type PlatformOptions,
  type RunningElement,
  type SipExtras,
  startElement,
  tlsIdentity,
  withTlsSide,
} from '@esinet/platform';
import { serveOpenApi } from './api/openapi.js';
import { LIS_QUEUE } from './held-bus.js';
import { lisRoutes } from './lis-routes.js';
import type { LisConfig } from './lis-config.js';
import { LIS, lisModule } from './lis.module.js';
import type { Lis } from './lis.js';

/**
 * Starts a LIS. With `config.tls` HELD and provisioning are served over https and location URIs are https; `tls` is the
 * certificate of the program, for where the configuration names none. A TLS listener of SIP needs one too.
 *
 * @throws ListenError
 */
export async function startLis(
  config: LisConfig,
  platform: PlatformOptions,
  extras: SipExtras = {},
): Promise<RunningElement> {
  const tls = tlsIdentity('lis', config.tls, extras.tls);
  const element = await startElement(
    withTlsSide(
      {
        name: 'lis',
        module: lisModule(config, tls ? { ...extras, tls } : extras),
        http: config.http,
        platform,
        ...(config.overBus && { busQueue: LIS_QUEUE }),
        prepare: serveOpenApi,
        fastRoutes: (get) => lisRoutes(config, get),
      },
      config.tls,
      tls,
    ),
  );
  const { host, port } = element.secure ?? element.http;
  element.get<Lis>(LIS).listensOn(host, port, element.secure !== undefined);
  return element;
}
