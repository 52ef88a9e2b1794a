import { messageOf } from '@esinet/kernel';
import { BusError } from './bus.js';

/** A payload as it travels. @throws BusError `payload` */
export function encodePayload(payload: unknown, maxBytes: number): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload);
  } catch (error) {
    throw new BusError('payload', `cannot be written as JSON: ${messageOf(error)}`);
  }
  text ??= 'null';
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) {
    throw new BusError('payload', `larger than ${maxBytes} bytes`);
  }
  return text;
}
