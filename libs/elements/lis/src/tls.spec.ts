import { request as httpsRequest } from 'node:https';
import { readHeldAnswer, writeHeldRequest } from '@esinet/held';
import { type RunningElement, type TlsOptions, ensureLabPki, loadTls } from '@esinet/platform';
import { freePort, temporaryFolder } from '@esinet/testing';
import { expect, it } from 'vitest';
import { lisConfigSchema } from './lis-config.js';
import { caller, closing, question } from './lis-fixture.js';
import { startLis } from './start-lis.js';

interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly type?: string;
  readonly as?: TlsOptions;
}

function ask(
  port: number,
  ca: string,
  path: string,
  o: Asked = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        host: '127.0.0.1',
        port,
        path,
        method: o.method ?? 'GET',
        ca,
        checkServerIdentity: () => undefined,
        agent: false,
        ...(o.as ? { key: o.as.key, cert: o.as.cert } : {}),
        headers: o.type === undefined ? {} : { 'content-type': o.type },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject);
    request.end(o.body);
  });
}

it(
  'over TLS knows third parties, provisioners and readers by their certificates',
  { meta: { clause: ['RFC 5985 8', 'RFC 6155 4.2', 'RFC 7199 7.1', 'RFC 4745 7.1'] } },
  async () => {
    const folder = temporaryFolder();
    await ensureLabPki({ folder });
    const [own, esrp, psap] = await Promise.all(['lis', 'esrp', 'psap'].map((name) => loadTls(folder, name)));
    if (!own || !esrp || !psap) throw new Error('no certificates');
    const port = await freePort();
    const lis: RunningElement = await startLis(
      lisConfigSchema.parse({
        http: { port: 0 },
        tls: { port },
        devices: [
          {
            id: 'ana',
            identifiers: ['ip:127.0.0.1', 'uri:sip:ana@provider.lab'],
            shape: { type: 'point', position: [2, 41] },
          },
          {
            id: 'ben',
            identifiers: ['uri:sip:ben@provider.lab'],
            shape: { type: 'point', position: [3, 41] },
          },
        ],
        thirdParties: ['URI:sip:esrp.esinet.lab'],
        provisioners: ['URI:sip:psap.esinet.lab', 'URI:sip:psap.esinet.internal'],
        safeNetworks: [],
      }),
      {},
      { tls: own },
    );
    closing.push(() => lis.close());
    const held = async (name: string, as?: TlsOptions): Promise<string> => {
      const body = writeHeldRequest(question({ device: caller(name) }));
      const options = { method: 'POST', type: 'application/held+xml', body, ...(as ? { as } : {}) };
      const read = readHeldAnswer((await ask(port, own.ca, '/held', options)).text);
      if (!read.ok) throw read.error;
      return read.value.type === 'error' ? read.value.code : (read.value.locationUris?.[0] ?? '');
    };
    expect(await held('ben')).toBe('badIdentifier');
    expect(await held('ben', psap)).toBe('badIdentifier');
    expect(await held('ben', esrp)).toMatch(new RegExp(`^https://127\\.0\\.0\\.1:${port}/loc/`));

    const load = {
      method: 'POST',
      type: 'application/x-ndjson',
      body: '{"id":"c","identifiers":["msisdn:34600000000"],"civic":{"country":"ES"}}',
    };
    expect((await ask(port, own.ca, '/api/load', { ...load, as: esrp })).status).toBe(403);
    expect((await ask(port, own.ca, '/api/load', { ...load, as: psap })).status).toBe(200);
    expect((await ask(port, own.ca, '/api/devices/c')).status).toBe(403);
    expect((await ask(port, own.ca, '/api/devices/c', { as: psap })).status).toBe(200);

    const mine = await ask(port, own.ca, '/held', {
      method: 'POST',
      type: 'application/held+xml',
      body: writeHeldRequest(question({ policyUri: true })),
    });
    const answer = readHeldAnswer(mine.text);
    if (!answer.ok || answer.value.type === 'error') throw new Error('no location');
    const uri = new URL(answer.value.locationUris?.[0] ?? '').pathname;
    const policy = new URL(answer.value.policyUri ?? '').pathname;
    const rules =
      '<ruleset xmlns="urn:ietf:params:xml:ns:common-policy" xmlns:gp="urn:ietf:params:xml:ns:geolocation-policy">' +
      '<rule id="a"><conditions><identity><one id="sip:esrp.esinet.lab"/></identity></conditions>' +
      '<transformations><gp:provide-location/></transformations></rule></ruleset>';
    const put = { method: 'PUT', type: 'application/auth-policy+xml', body: rules };
    expect((await ask(port, own.ca, policy, put)).status).toBe(200);
    expect((await ask(port, own.ca, uri, { as: esrp })).status).toBe(200);
    expect((await ask(port, own.ca, uri, { as: psap })).status).toBe(404);
    expect((await ask(port, own.ca, uri)).status).toBe(404);
  },
);
