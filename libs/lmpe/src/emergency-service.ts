/** RFC 5031 4.1: labels are letters, digits and inner hyphens; the lengths are those of a DNS label and of patience. */
export const serviceLabel = { labels: 8, length: 63 } as const;
const label = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** How a test call is told from a real one. */
export const testForms = [
  { form: 'last label', label: 'test', example: 'urn:service:sos.fire.test', clause: 'TS 103 698 6.1.2.10' },
  { form: 'first label', label: 'test', example: 'urn:service:test.sos.fire', clause: 'RFC 6881 17' },
] as const;

export interface EmergencyService {
  /** The service itself, lower case and without the mark of a test: `urn:service:sos.fire`. */
  readonly urn: string;
  /** TS 103 698 6.1.2.10 (`sos.test`, `sos.fire.test`), RFC 6881 section 17 (`test.sos`, `test.sos.fire`). */
  readonly test: boolean;
}

/**
 * Whether a Request-URI asks for an emergency service: `urn:service:sos` or any sub-service of it, known or not
 * (RFC 5031 4.2), country-specific ones included (RFC 7163), and their test forms. Service numbers (`sip:112@…`) are
 * the border's table.
 */
export function isEmergencyService(uri: string): EmergencyService | undefined {
  const prefix = 'urn:service:';
  const text = uri.trim().toLowerCase();
  if (!text.startsWith(prefix) || text.length > 256) return undefined;
  const labels = text.slice(prefix.length).split('.');
  if (
    labels.length > serviceLabel.labels ||
    !labels.every((l) => l.length <= serviceLabel.length && label.test(l))
  ) {
    return undefined;
  }
  let test = false;
  if (labels[0] === 'test') {
    test = true;
    labels.shift();
  }
  if (labels[0] !== 'sos') return undefined;
  if (labels.length > 1 && labels[labels.length - 1] === 'test') {
    test = true;
    labels.pop();
  }
  return { urn: prefix + labels.join('.'), test };
}
