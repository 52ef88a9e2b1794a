import { readIdentifiers } from '@esinet/lmpe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RoamingLab, startRoamingLab } from './roaming-lab.js';

let lab: RoamingLab;
beforeAll(async () => void (lab = await startRoamingLab()), 60_000);
afterAll(() => lab.close());

const lisboa = { lat: 38.7223, lon: -9.1393 };
const porto = { lat: 41.1579, lon: -8.6291 };
const madrid = { lat: 40.4168, lon: -3.7038 };
const meta = { clause: 'TS 103 698 D.2' };

describe('a subscriber of A who stands in B', () => {
  it(
    'is answered by B, and every later message goes by both borders and no ESRP',
    { meta: { clause: ['TS 103 698 D.2', 'TS 103 698 6.2.3'] }, timeout: 60_000 },
    async () => {
      const { client, hears } = await lab.caller('spain', { at: lisboa });
      expect((await client.start('Ajuda')).delivered).toBe(true);
      await hears('112 Sul');
      expect(client.target).toBe('sip:sul@portugal.lab');
      expect((await client.say('second')).delivered).toBe(true);
      await hears('112 Sul (lab) has received: second');
      expect((await client.stop('bye')).delivered).toBe(true);
      const chat = await lab.chat('portugal', client.callId, ({ phase }) => phase === 'closed');
      expect(chat.centre).toBe('sul');

      const { callId } = client;
      const [first] = lab.requests('portugal psap', callId, 257);
      expect(first && lab.roadTo(first)).toEqual([
        'app',
        'spain provider',
        'spain bcf',
        'spain esrp',
        'spain bcf',
        'portugal bcf',
        'portugal psap',
      ]);
      const inward = lab.requests('portugal psap', callId).slice(1);
      expect(inward.length).toBeGreaterThanOrEqual(2);
      for (const each of inward) {
        expect(lab.roadTo(each)).toEqual([
          'app',
          'spain provider',
          'spain bcf',
          'portugal bcf',
          'portugal psap',
        ]);
      }
      const outward = lab.requests('spain provider', callId).filter(({ message }) => {
        return message.requestUri.startsWith('sip:caller1@');
      });
      expect(outward.length).toBeGreaterThanOrEqual(2);
      for (const each of outward) {
        expect(lab.roadTo(each)).toEqual(['portugal psap', 'portugal bcf', 'spain bcf', 'spain provider']);
        expect(each.message.header('Reply-To')).toBe('sip:sul@portugal.lab');
      }
      // The first message was the only one that any ESRP has seen.
      expect(lab.requests('spain esrp', callId)).toHaveLength(1);
      expect(lab.requests('portugal esrp', callId)).toHaveLength(0);
    },
  );
});
