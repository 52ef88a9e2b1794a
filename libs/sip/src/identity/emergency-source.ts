import type { SipMessage } from '../codec/sip-message.js';
import { parametersOf } from './parameters.js';

/** What the border of an ESInet says of where a call came from. NENA i3 shape: TS 103 698 does not name it. */
export interface EmergencySource {
  /** `uniqueId@border`: what a PSAP names when it reports a bad actor. */
  readonly id: string;
  /** The peer that showed a certificate; missing for strangers. */
  readonly source?: string;
  /** 1 to 100: how much speaks against it. Missing: nothing does. */
  readonly suspicion?: number;
  /** What became of the Identity header, where there was one. RFC 8224 */
  readonly verstat?: string;
}

const purpose = 'emergency-source';

/** Characters of an id that are read: two labels of a domain and more. */
const longestId = 320;

/** The first Call-Info value of that purpose. Believe it only behind the border, which lets none in from outside. */
export function readEmergencySource(request: SipMessage): EmergencySource | undefined {
  for (const value of request.values('Call-Info')) {
    if (!isEmergencySource(value)) continue;
    const open = value.indexOf('<');
    const close = value.indexOf('>', open + 1);
    const id = value.slice(open + 1, close);
    if (open < 0 || close < 0 || id.length > longestId || !isSourceId(id)) continue;
    const parameters = parametersOf(value.slice(close + 1));
    const suspicion = Number(parameters.get('suspicion') ?? 0);
    const source = parameters.get('source');
    const verstat = parameters.get('verstat');
    return {
      id,
      ...(source !== undefined && source !== '' && { source }),
      ...(suspicion > 0 && suspicion <= 100 && { suspicion }),
      ...(verstat !== undefined && verstat !== '' && { verstat }),
    };
  }
  return undefined;
}

/** The Call-Info value for it; the purpose comes first, because some clients look no further. */
export function emergencySourceValue({ id, source, suspicion, verstat }: EmergencySource): string {
  let value = `<${id}>;purpose=${purpose}`;
  if (source !== undefined) value += `;source=${tokenOf(source)}`;
  if (suspicion !== undefined && suspicion > 0) value += `;suspicion=${Math.min(100, Math.round(suspicion))}`;
  if (verstat !== undefined) value += `;verstat=${tokenOf(verstat)}`;
  return value;
}

/** Whether a Call-Info value has this purpose, in any spelling. */
export function isEmergencySource(value: string): boolean {
  const parameters = value.slice(value.lastIndexOf('>') + 1);
  if (!parameters.toLowerCase().includes(purpose)) return false;
  return parametersOf(parameters).get('purpose')?.toLowerCase() === purpose;
}

/** `uniqueId@domain`; nothing that could be a path, a header or a subject of its own. */
export function isSourceId(text: string): boolean {
  return text.length <= longestId && /^[A-Za-z0-9]{1,64}@[A-Za-z0-9.-]{1,253}$/.test(text);
}

/** RFC 3261 25.1: what is no token character becomes a dash. */
function tokenOf(text: string): string {
  return text.replace(/[^A-Za-z0-9.!%*_+`'~-]/g, '-');
}
