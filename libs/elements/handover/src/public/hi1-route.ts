import type { FastHandler } from '@esinet/platform';
import type { Authority } from '../model.js';
import { type PublicSideOptions, refused } from './object-routes.js';

/** What becomes of an HI1 message of an onboarded authority. Never rejects: what is wrong is said in the answer. */
export type Hi1Intake = (
  xml: Buffer,
  authority: Authority,
) => Promise<{ readonly status: number; readonly body: Buffer }>;

/** `POST /hi1`: TS 103 120 9.3. Who is no authority of ours learns no more than from any other path. */
export function hi1Route(o: PublicSideOptions & { readonly intake: Hi1Intake; readonly maxBytes: number }) {
  const route: FastHandler = async (request) => {
    const since = o.clock.now();
    const { clientFingerprint } = request;
    const authority =
      clientFingerprint === undefined ? undefined : o.authorities.byCertificate(clientFingerprint);
    if (request.method !== 'POST' || !authority) return refused(o, since, 'stranger');
    const { status, body } = await o.intake(request.body, authority);
    o.requests.inc({ what: 'hi1', outcome: String(status) });
    return {
      status,
      headers: { 'Content-Type': 'text/xml; charset=utf-8', 'Cache-Control': 'no-store' },
      body,
    };
  };
  return Object.assign(route, { maxBodyBytes: () => o.maxBytes });
}
