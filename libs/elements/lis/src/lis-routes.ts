import type { InjectionToken } from '@nestjs/common';
import type { FastRoutes } from '@esinet/platform';
import { provisioningRoutes } from './api/devices-http.js';
import { problems } from './api/problem.js';
import { LIS, PROVISIONERS, PROVISIONING } from './api/tokens.js';
import { heldRoutes } from './held-http.js';
import type { LisConfig } from './lis-config.js';
import type { Lis } from './lis.js';
import { PeerList } from './peer-list.js';
import { POLICIES, policyHttp } from './policy-http.js';
import type { Provisioning } from './provisioning.js';

/** All of the LIS that is answered without express: HELD, policies, devices. */
export function lisRoutes(config: LisConfig, get: <T>(token: InjectionToken<T>) => T): FastRoutes {
  const lis = get<Lis>(LIS);
  const policies = {
    references: lis.references,
    safeNetworks: new PeerList(config.safeNetworks),
    secure: () => lis.baseUrl.startsWith('https:'),
    retentionMs: config.retention,
  };
  return {
    ...heldRoutes(lis),
    [POLICIES]: (request) => policyHttp(policies, request),
    '/api/problems': () => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(
        Object.entries(problems).map(([code, [status, title, meaning]]) => ({
          code,
          status,
          title,
          meaning,
        })),
      ),
    }),
    ...provisioningRoutes({
      provisioning: get<Provisioning>(PROVISIONING),
      references: lis.references,
      provisioners: get<PeerList>(PROVISIONERS),
    }),
  };
}
