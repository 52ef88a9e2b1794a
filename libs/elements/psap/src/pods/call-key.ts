import { createHash } from 'node:crypto';

/**
 * What one process has as a whole: everything under one Call Identifier. Copies, transfers between our centres and HTTP-3
 * requests name it, so that whoever gets them knows whose they are without asking the records.
 */
export function callKey(callId: string): string {
  return digest(`call\n${callId}`);
}

/** Of whoever gave no Call Identifier, so that ours cannot be known from the message. */
export function senderKey(sender: string): string {
  return digest(`sender\n${sender}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}
