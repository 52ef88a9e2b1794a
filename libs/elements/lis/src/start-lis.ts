import {
  type PlatformOptions,
  type RunningElement,
  type TlsOptions,
  startElement,
  tlsIdentity,
  withTlsSide,
} from '@esinet/platform';
import { lisRoutes } from './held-http.js';
import type { LisConfig } from './lis-config.js';
import { LIS, lisModule } from './lis.module.js';
import type { Lis } from './lis.js';

/**
 * Starts a LIS. With `config.tls` HELD is served over https and location URIs are https; `tls` is the certificate of the
 * program, for where the configuration names none.
 *
 * @throws ListenError
 */
export async function startLis(
  config: LisConfig,
  platform: PlatformOptions,
  extras: { readonly tls?: TlsOptions } = {},
): Promise<RunningElement> {
  const element = await startElement(
    withTlsSide(
      {
        name: 'lis',
        module: lisModule(config),
        http: config.http,
        platform,
        fastRoutes: (get) => lisRoutes(get<Lis>(LIS)),
      },
      config.tls,
      tlsIdentity('lis', config.tls, extras.tls),
    ),
  );
  const { host, port } = element.secure ?? element.http;
  element.get<Lis>(LIS).listensOn(host, port, element.secure !== undefined);
  return element;
}
