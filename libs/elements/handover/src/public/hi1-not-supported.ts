import { errorCodes, readMessage, unspecified, writeResponseMessage } from '@esinet/handover';
import { randomUUID } from 'node:crypto';
import type { Hi1Intake } from './hi1-route.js';

/** Answers every HI1 message with TS 103 120 Annex D 3001: where nobody takes tasks in by HI1. */
export const hi1NotSupported: Hi1Intake = (xml) => {
  const read = readMessage(xml);
  const header = read.ok ? read.value.header : read.error.header;
  const nobody = { countryCode: unspecified.country, uniqueIdentifier: unspecified.endpoint };
  const body = writeResponseMessage({
    kind: 'response',
    header: header ?? {
      ...{ sender: nobody, receiver: nobody, transactionId: randomUUID() },
      timestamp: `${new Date().toISOString().slice(0, -1)}000Z`,
      version: { etsi: 'V1.23.1', nationalProfileOwner: 'N/A', nationalProfileVersion: 'N/A' },
    },
    outcome: {
      kind: 'refused',
      error: { code: errorCodes.unsupportedAction, description: 'tasks are taken in by the desk only' },
    },
  });
  return Promise.resolve({ status: 200, body: Buffer.from(body) });
};
