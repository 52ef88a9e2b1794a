import type { FastRequest, FastResponse, FastRoutes } from '@esinet/platform';
import { dequeueRegistrationPath, readRegistration } from './dequeue-registration.js';
import type { DequeueDesk } from './dequeue-desk.js';
import type { EsrpQueues } from './esrp-queues.js';
import { queueReport } from './queue-report.js';

/** The queues to look at, and the registration of those who take calls from them. */
export function queueRoutes(all: EsrpQueues): FastRoutes {
  const { queues, clock } = all;
  return {
    ...dequeueRoutes(all),
    '/queues': ({ method }) => {
      if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { allow: 'GET, HEAD' } };
      return json(200, queueReport(queues, clock.now()));
    },
  };
}

/** Only the registration: what is served to those with a certificate. */
export function dequeueRoutes({ desk }: EsrpQueues): FastRoutes {
  return { [dequeueRegistrationPath]: (request) => register(request, desk) };
}

/** Octets of a registration. */
export const maxRegistrationBytes = 16_384;

function register(request: FastRequest, desk: DequeueDesk): FastResponse {
  if (request.method !== 'PUT') return { status: 405, headers: { allow: 'PUT' } };
  const read = readRegistration(request.body);
  if (!read.ok) return json(read.error.status, { detail: read.error.detail });
  const answer = desk.register(read.value, {
    address: request.remoteAddress.replace(/^::ffff:(?=\d+\.)/i, ''),
    names: request.clientNames,
    // A page in a browser on this machine is no dequeuer.
    fromPage: request.headers.origin !== undefined,
  });
  return answer.ok
    ? json(200, { expirationTime: answer.value })
    : json(answer.error.status, { detail: answer.error.detail });
}

function json(status: number, body: unknown): FastResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `${JSON.stringify(body)}\n`,
  };
}
