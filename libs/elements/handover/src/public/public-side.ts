import type { FastRoutes, SecureSide, TlsOptions } from '@esinet/platform';
import type { HandoverConfig } from '../handover-config.js';
import { type Hi1Intake, hi1Route } from './hi1-route.js';
import { type PublicSideOptions, objectRoute, refused } from './object-routes.js';

/** All that the outside can reach. A path that does not exist is refused as an object that may not be fetched is. */
export function publicRoutes(
  o: PublicSideOptions & { readonly intake: Hi1Intake; readonly maxBytes: number },
): FastRoutes {
  return {
    '/': () => refused(o, o.clock.now(), 'no-path'),
    '/objects/': objectRoute(o),
    '/hi1': hi1Route(o),
  };
}

export function publicSide(
  { public: at }: Pick<HandoverConfig, 'public'>,
  tls: TlsOptions,
  routes: SecureSide['routes'],
): SecureSide {
  return {
    ...{ host: at.host, port: at.port, tls, routes },
    maxBodyBytes: 0,
    configKey: 'handover.public.port',
  };
}
