import { errorCodes } from '@esinet/handover';
import type { DeliveredObject } from './authority-desk.js';
import type { SimulatorEvent } from './intake.js';

/** What happened, in a line for people: ids, numbers and sizes, and nothing of what people wrote. */
export function said(event: SimulatorEvent): string {
  switch (event.kind) {
    case 'document': {
      const { document, reception } = event;
      const head = `document  ${reception.transactionId ?? '(unreadable)'}  ${document.bytes} octets`;
      if (reception.refused) {
        const { code, description } = reception.refused;
        return `${head}\n          refused: ${code} ${description}`;
      }
      const found = reception.findings.map(({ kind, message }) => `\n          found: ${kind}: ${message}`);
      return `${head}\n${document.objects.map(objectLine).join('\n')}${found.join('')}`;
    }
    case 'object': {
      const { id, announced, octets, problem } = event.object;
      const what = `${id}  ${announced.contentType ?? ''}  ${octets ?? 0} octets, ${event.how}`;
      return problem === undefined
        ? `object    ${what}: length, type and checksum are right`
        : `object    ${what}: NOT RIGHT, ${problem}`;
    }
    case 'object-refused':
      return `object    ${event.id}  not taken, ${event.status}: ${event.why}`;
    case 'fetch-failed':
      return `fetch     ${event.object.id}  attempt ${event.attempt}: ${event.why}`;
    case 'fault':
      return `fault     ${event.fault}, as ordered`;
    case 'stranger':
      return `stranger  certificate ${event.fingerprint.slice(0, 16)}…: 403`;
  }
}

function objectLine({ reference, sequenceNumber, last, items, code }: DeliveredObject): string {
  const what = `          ${reference}  number ${sequenceNumber ?? '(none)'}${last ? ', the last' : ''}, ${items} ${
    items === 1 ? 'message' : 'messages'
  }`;
  if (code === 0) return `${what}: schema and order are right, taken`;
  return code === errorCodes.objectExists ? `${what}: here already, ${code}` : `${what}: refused, ${code}`;
}
