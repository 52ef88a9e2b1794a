import type { DeliverMessage, HandoverItem, MessageHeader } from './model.js';
import { lmpeRecordSchema } from './names.js';
import { type PeerProfile, profileDefaults } from './peer-profile.js';

/** What the specs of this library share: one chat of two messages, fictional people. */

export const profile151: PeerProfile = {
  specification: '1.5.1',
  ...profileDefaults['1.5.1'],
  sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' },
};

export const profile111: PeerProfile = {
  specification: '1.1.1',
  ...profileDefaults['1.1.1'],
  sender: { countryCode: 'XX', uniqueIdentifier: 'psap-archive' },
};

/** UUIDs that count. */
export function countingUuids(): () => string {
  let n = 0;
  return () => `00000000-0000-4000-8000-${String(++n).padStart(12, '0')}`;
}

export const header: MessageHeader = {
  sender: profile151.sender,
  receiver: profile151.receiver,
  transactionId: '11111111-2222-4333-8444-555555555555',
  timestamp: '2026-03-06T10:00:00.000001Z',
  version: { etsi: 'V1.23.1', nationalProfileOwner: 'N/A', nationalProfileVersion: 'N/A' },
};

const caller = { identifiers: ['tel:+34600000001', 'sip:caller1@provider.lab'], isTargetedParty: true };
const centre = { identifiers: ['sip:madrid@esinet.lab'] };

export const items: HandoverItem[] = [
  {
    correlation: { levelId: 1, sequenceNumber: 0 },
    sender: caller,
    receivers: [{ identifiers: ['urn:service:sos'] }, centre],
    timestamp: '2026-03-04T08:15:30Z',
    objects: [
      {
        url: 'https://archive.esinet.lab/objects/0b9d2f4e',
        contentLength: 74,
        contentType: 'image/png',
        expiry: '2026-04-05T10:00:00Z',
        checksum: 'ab'.repeat(32),
        originalFilename: 'stairs & <smoke>.png',
        cspDefinedIdentifier: '1/0/1',
      },
    ],
    metadata: [
      {
        schema: { identifier: lmpeRecordSchema, url: 'https://archive.esinet.lab/schema/lmpe-record-1.xsd' },
        record: {
          callId: 'urn:emergency:uid:callid:abcdef0123:app.lab',
          messageId: '1',
          messageType: { number: 257, label: 'start' },
          direction: 'fromCaller',
          recordedTime: '2026-03-04T08:15:30.120034Z',
          sipCallId: 'a1b2@127.0.0.1',
          identities: [
            { provenance: 'asserted', value: 'tel:+34600000001' },
            { provenance: 'from', value: 'sip:caller1@provider.lab' },
          ],
          replyTo: 'sip:caller1@provider.lab',
          testCall: false,
          texts: [{ part: 0, language: 'es', text: 'Fuego en la escalera </text> & "humo" 🔥\r\nrápido' }],
          location: {
            conveyed: 'value',
            point: { latitude: 'N40.416775', longitude: 'W003.703790' },
            uncertainty: 12.5,
            method: 'GPS',
            time: '2026-03-04T08:15:29Z',
            object: '1/0/2',
          },
          parts: [
            { index: 0, contentType: 'text/plain' },
            { index: 1, contentType: 'image/png', contentId: 'a@b', object: '1/0/1' },
          ],
          withheld: [{ what: 'part', reason: 'third-party', part: 2 }],
        },
      },
    ],
  },
  {
    correlation: { levelId: 1, sequenceNumber: 1 },
    sender: centre,
    receivers: [caller],
    timestamp: '2026-03-04T08:15:31Z',
    objects: [],
    metadata: [],
  },
];

export function deliverMessage(objects: DeliverMessage['objects']): DeliverMessage {
  return { kind: 'deliver', header, objects };
}
