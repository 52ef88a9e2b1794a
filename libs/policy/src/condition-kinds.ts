import type { Condition, ConditionKind } from './condition.js';
import { callSource, callSuspicion, callingNumberVerification } from './conditions/border-marks.js';
import { additionalData } from './conditions/additional-data.js';
import { bodyPart } from './conditions/body-part.js';
import { cap } from './conditions/cap.js';
import { location } from './conditions/location.js';
import { mimeBody } from './conditions/mime-body.js';
import { sdpOffer } from './conditions/sdp-offer.js';
import { sipHeader } from './conditions/sip-header.js';
import { elementState, queueState, securityPosture, serviceState } from './conditions/states.js';
import { timePeriod } from './conditions/time-period.js';
import { incomingQueue, lostServiceUrn, normalNextHop, requestUri } from './conditions/uris.js';
import { closestName } from './closest-name.js';
import type { Fields } from './fields.js';

/** NENA-STA-010 3.3.3.1, and ElementStateCondition of our own. */
const kinds: readonly ConditionKind[] = [
  timePeriod,
  sipHeader,
  additionalData,
  mimeBody,
  bodyPart,
  location,
  cap,
  sdpOffer,
  requestUri,
  incomingQueue,
  normalNextHop,
  lostServiceUrn,
  queueState,
  elementState,
  serviceState,
  securityPosture,
  callSource,
  callSuspicion,
  callingNumberVerification,
];
const byType = new Map(kinds.map((kind) => [kind.type.toLowerCase(), kind]));
const types = kinds.map(({ type }) => type);

/** A condition of any kind; one of an unknown kind is refused by name, never taken for true. */
export function readCondition(fields: Fields): Condition | undefined {
  const type = fields.text('conditionType');
  if (type === undefined) return undefined;
  const kind = byType.get(type.toLowerCase());
  if (!kind) {
    const meant =
      closestName(type, types) ??
      types.find((each) => each.toLowerCase() === `${type.toLowerCase()}condition`);
    return fields.wrong(
      'conditionType',
      'is no condition known here',
      meant ? `did you mean ${meant}?` : `one of ${types.join(', ')}`,
    );
  }
  const negated = fields.flag('negation');
  fields.optionalText('description');
  const test = kind.read(fields);
  fields.end();
  return test && { ...test, text: negated ? `not ${test.text}` : test.text, negated };
}
