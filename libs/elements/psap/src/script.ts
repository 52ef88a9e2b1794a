import type { MessageKind } from '@esinet/lmpe';
import type { Centre } from './centre.js';

/** Characters of the caller's text an automatic answer gives back. */
const quoted = 200;

/** What a centre answers by itself to a text in an open chat, until people do. */
export function automaticAnswer(centre: Centre, kind: MessageKind, text: string): string | undefined {
  if (centre.script !== 'echo' || kind !== 'in-chat') return undefined;
  const start = [...text].slice(0, quoted).join('');
  return `${centre.name} has received: ${start}`;
}
