import { type SipMessage, readEmergencySource } from '@esinet/sip';
import type { SourceFacts } from './explanation/recorded-facts.js';

/** What the border says of where a call came from; nobody else can, as the border lets no such word in from outside. */
export function sourceFacts(request: SipMessage): SourceFacts {
  const said = readEmergencySource(request);
  if (!said) return {};
  const { source, suspicion, verstat } = said;
  const verification = verifications.find((word) => word === verstat);
  return {
    ...(source !== undefined && { callSource: source }),
    ...(suspicion !== undefined && { callSuspicion: suspicion }),
    ...(verification !== undefined && { callingNumberVerification: verification }),
  };
}

const verifications = ['TN-Validation-Passed', 'TN-Validation-Failed', 'No-TN-Validation'] as const;
