import { askPosition, askServices, askWhere, openChat } from '@esinet/element-app';
import { until } from '@esinet/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Lab, startLab } from '../lab.js';
import { type Outside, openOutside } from './bare-lab.js';
import { type Http3Pair, startHttp3Pair } from './http-3-pair.js';
import { draft, messagesOf } from './psap-side.js';

describe('in the lab', () => {
  let lab: Lab;
  let outside: Outside;
  beforeAll(async () => {
    lab = await startLab();
    outside = await openOutside(lab);
  });
  afterAll(async () => {
    await lab.close();
    await outside.close();
  });

  it(
    'an address of the lab is mapped and told of element by element',
    { meta: { clause: ['RFC 5222 8.4.2', 'RFC 5222 12.3', 'RFC 6848 6'] } },
    async () => {
      const ask = (civic: Readonly<Record<string, string>>) =>
        askWhere({
          lost: `http://127.0.0.1:${lab.port(15_222)}/lost`,
          service: 'urn:service:sos',
          civic: { elements: Object.entries(civic).map(([name, value]) => ({ name, value })) },
          validate: true,
        });
      const here = { country: 'ES', A1: 'MD', A2: 'Madrid', A3: 'Madrid', RD: 'Alcalá' };
      expect(await ask({ ...here, HNO: '42', STP: 'C/', FLR: '9' })).toMatchObject({
        ok: true,
        value: {
          mapping: { uris: ['sip:madrid@psap.esinet.internal'], civicBoundary: [{}] },
          validation: {
            valid: ['country', 'A1', 'A2', 'A3', 'RD', 'HNO', 'STP'],
            invalid: [],
            unchecked: ['FLR'],
          },
        },
      });
      expect(await ask({ ...here, HNO: '500' })).toMatchObject({
        ok: true,
        value: { validation: { invalid: ['HNO'] } },
      });
      expect(await ask({ country: 'FR', A1: '75' })).toMatchObject({ ok: true, value: { code: 'notFound' } });
    },
  );

  it(
    'an APP asks which services there are where it is, and who gives them',
    { meta: { clause: ['TS 103 698 5.6.3', 'RFC 5222 11'], shall: ['5.6.3-1', '5.3.2-1'] } },
    async () => {
      const lost = `http://127.0.0.1:${lab.port(15_222)}/lost`;
      const barcelona = { lost, latitude: 41.3874, longitude: 2.1686 };
      expect(await askServices(barcelona)).toMatchObject({
        ok: true,
        value: { kind: 'services', services: ['urn:service:sos'] },
      });
      expect(await askWhere({ ...barcelona, service: 'urn:service:sos' })).toMatchObject({
        ok: true,
        value: { kind: 'mapping', mapping: { uris: ['sip:catalunya@psap.esinet.internal'] } },
      });
    },
  );

  it(
    'an APP without a position of its own asks for it, and is routed by what it was told',
    { meta: { clause: ['TS 103 698 5.6.3', 'RFC 5985 4'], shall: ['5.6.3-2', '5.5.2-1'] } },
    async () => {
      const asked = await askPosition({
        held: `http://127.0.0.1:${lab.port(15_985)}/held`,
        device: [{ kind: 'uri', value: 'sip:caller2@provider.lab' }],
      });
      if (!asked.ok) throw new Error(asked.error);
      const client = await openChat({
        service: 'urn:service:sos',
        from: 'sip:ana@app.lab',
        locations: asked.value.locations,
        via: { transport: 'tcp', host: '127.0.0.1', port: lab.port(15_060) },
      });
      onTestFinished(() => client.close());
      const greeted = new Promise<string>((resolve) => client.onMessage(({ text }) => resolve(text)));
      await client.start('help');
      expect(await greeted).toContain('112 Catalunya');
    },
  );

  it(
    'a call without any location is routed by what the LIS knows of who was asserted',
    { meta: { clause: ['TS 103 698 5.2.2', 'RFC 6155 3.6'], shall: ['5.2.2-5', '5.5.2-1'] } },
    async () => {
      const { headers } = draft('nolocationofitsown00000001', 1, 257);
      const { status } = await outside.fromProvider({
        headers: [
          ...headers.filter(([name]) => name !== 'Geolocation'),
          ['P-Asserted-Identity', '<sip:caller2@provider.lab>'],
        ],
        from: '<sip:caller2@provider.lab>;tag=c',
      });
      expect(status).toBe(200);
      expect((await lab.chat('nolocationofitsown00000001')).centre).toContain('catalunya');
    },
  );
});

describe('additional data by reference', () => {
  let pair: Http3Pair;
  beforeAll(async () => void (pair = await startHttp3Pair()));
  afterAll(() => pair.close());

  it(
    'is fetched over TLS with the certificate of the PSAP, and shown; without TLS it is not',
    {
      meta: {
        clause: ['TS 103 698 6.1.2.7', 'RFC 7852 6.1'],
        shall: ['6.1.2.7-1', '6.1.2.7-2', '6.1.2.7-3', '6.1.2.7-4'],
      },
    },
    async () => {
      const unique = 'additionaldata00000000001';
      const named = (scheme: string) => `<${scheme}:${pair.dataUrl}>;purpose=EmergencyCallData.ProviderInfo`;
      const start = draft(unique, 1, 257);
      const plain = draft(unique, 2, 259, 'more');
      await pair.send({ ...start, headers: [...start.headers, ['Call-Info', named('https')]] });
      await until(() => messagesOf(pair.app, unique, 257)[0]);
      const chat = `${pair.api}/${encodeURIComponent(`urn:emergency:uid:callid:${unique}:provider.lab`)}`;
      const shown = await until(async () => {
        const text = await (await fetch(chat)).text();
        return text.includes('A provider of the lab') && text;
      });
      expect(shown).toContain('+34600000000');
      expect(pair.fetched).toHaveLength(1);
      expect(pair.fetched[0]).toContain('URI:sip:psap.esinet.internal');
      await pair.send({ ...plain, headers: [...plain.headers, ['Call-Info', named('http')]] });
      await until(async () => (await (await fetch(chat)).text()).includes('"more"'));
      expect(pair.fetched).toHaveLength(1);
    },
  );
});
