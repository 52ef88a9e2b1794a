import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { writeResponseMessage } from '@esinet/handover';
import { systemClock } from '@esinet/kernel';
import type { Reception } from './authority-desk.js';
import type { Fault } from './faults.js';

const xmlType = { 'Content-Type': 'text/xml; charset=utf-8' } as const;

/** Ends a request as ordered, without an answer of our own to it. */
export function endDamaged(response: ServerResponse, fault: Fault): void {
  switch (fault.kind) {
    case 'status':
      response
        .writeHead(fault.status, { 'Content-Type': 'text/plain', Connection: 'close' })
        .end('as ordered\n');
      return;
    case 'html':
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end('<!DOCTYPE html><html><body><h1>Maintenance</h1></body></html>\n');
      return;
    case 'hang':
      // Until the sender gives up, or we are closed.
      return;
    default:
      response.destroy();
  }
}

/** Answers what was taken, with the damage that was ordered. */
export function damagedAnswer(
  response: ServerResponse,
  fault: Fault,
  reception: Reception,
  text: string,
): void {
  const { answer } = reception;
  const send = (body: string): void => void response.writeHead(200, xmlType).end(body);
  switch (fault.kind) {
    case 'slow':
      systemClock.after(fault.ms, () => send(text));
      return;
    case 'other-transaction':
      return send(
        writeResponseMessage({ ...answer, header: { ...answer.header, transactionId: randomUUID() } }),
      );
    case 'half-actions':
      return send(halfOf(answer) ?? text);
    case 'half': {
      const octets = Buffer.from(text);
      response.writeHead(200, { ...xmlType, 'Content-Length': String(octets.length) });
      response.write(octets.subarray(0, octets.length >> 1), () => response.destroy());
      return;
    }
    default:
      endDamaged(response, fault);
  }
}

function halfOf(answer: Reception['answer']): string | undefined {
  const { outcome } = answer;
  if (outcome.kind !== 'actions') return undefined;
  const actions = outcome.actions.slice(0, outcome.actions.length >> 1);
  return writeResponseMessage({ ...answer, outcome: { kind: 'actions', actions } });
}
