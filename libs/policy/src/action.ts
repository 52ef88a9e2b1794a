import type { Fields } from './fields.js';
import { closestName } from './closest-name.js';
import { type PolicyType, policyTypes } from './policy.js';

/** NENA-STA-010 3.3.3.2. Route and busy end the evaluation; what stands behind them would never be reached. */
export type Action =
  | {
      readonly type: 'routeAction';
      readonly recipientUri: string;
      readonly cause?: string;
      readonly rnaTimer?: number;
    }
  | { readonly type: 'busyAction' }
  | {
      readonly type: 'notifyAction';
      /** '' means everybody who subscribed to the event code. */
      readonly recipientUri: string;
      readonly eventCode: string;
      readonly urgency?: number;
      readonly comment?: string;
    }
  | { readonly type: 'logAction'; readonly message: string }
  | {
      readonly type: 'invokePolicyAction';
      readonly policyType: PolicyType;
      /** Of a policy of queues; without it, a NormalNextHopRoutePolicy is that of the normal next hop of the call. */
      readonly policyQueueName?: string;
      readonly policyId?: string;
    };

const actionTypes = ['routeAction', 'busyAction', 'notifyAction', 'logAction', 'invokePolicyAction'] as const;

export function endsEvaluation(action: Action): boolean {
  return action.type === 'routeAction' || action.type === 'busyAction';
}

/** The first letter of a type is found in both cases in the field. */
export function readAction(fields: Fields): Action | undefined {
  const given = fields.text('actionType', `one of ${actionTypes.join(', ')}`);
  fields.optionalText('description');
  if (given === undefined) return undefined;
  const type = actionTypes.find((each) => each.toLowerCase() === given.toLowerCase());
  if (type === undefined) {
    const meant = closestName(given, actionTypes);
    const all = `one of ${actionTypes.join(', ')}`;
    return fields.wrong(
      'actionType',
      'is no action known here',
      meant ? `did you mean ${meant}? ${all}` : all,
    );
  }
  const action = readers[type](fields);
  fields.end();
  return action;
}

const readers: Readonly<Record<(typeof actionTypes)[number], (fields: Fields) => Action | undefined>> = {
  routeAction(fields) {
    const recipientUri = fields.sipUri('recipientUri');
    const cause = fields.optionalText('cause');
    const rnaTimer = fields.optionalInteger('rnaTimer', 1, 600, 'seconds');
    return recipientUri === undefined
      ? undefined
      : {
          type: 'routeAction',
          recipientUri,
          ...(cause !== undefined && { cause }),
          ...(rnaTimer !== undefined && { rnaTimer }),
        };
  },
  busyAction: () => ({ type: 'busyAction' }),
  notifyAction(fields) {
    // NENA-STA-010 calls it recipient; recipientUri is in the field too.
    const name = fields.has('recipientUri') ? 'recipientUri' : 'recipient';
    const recipient = fields.optionalText(name);
    const eventCode = fields.text('eventCode');
    const urgency = fields.optionalInteger('urgency', 0, 100);
    const comment = fields.optionalText('comment');
    if (recipient !== undefined && !/^(sips?|urn):\S+$/i.test(recipient))
      return fields.wrong(name, 'expected a URI or a service URN');
    return eventCode === undefined
      ? undefined
      : {
          type: 'notifyAction',
          recipientUri: recipient ?? '',
          eventCode,
          ...(urgency !== undefined && { urgency }),
          ...(comment !== undefined && { comment }),
        };
  },
  logAction: (fields) => ({ type: 'logAction', message: fields.optionalText('message') ?? '' }),
  invokePolicyAction(fields) {
    const policyType = fields.oneOf('policyType', policyTypes);
    const policyId = fields.optionalText('policyId');
    const policyQueueName = fields.optionalText('policyQueueName');
    if (policyType === undefined) return undefined;
    const other = policyType === 'OtherRoutePolicy';
    if (other && policyId === undefined && !fields.has('policyId'))
      return fields.wrong('policyId', 'is missing');
    if (!other && policyId !== undefined)
      return fields.wrong('policyId', `has no place beside ${policyType}`);
    if (other && policyQueueName !== undefined)
      return fields.wrong('policyQueueName', `has no place beside ${policyType}`);
    if (policyType === 'OriginationRoutePolicy' && policyQueueName === undefined)
      return fields.wrong('policyQueueName', 'is missing');
    return {
      type: 'invokePolicyAction',
      policyType,
      ...(policyId !== undefined && { policyId }),
      ...(policyQueueName !== undefined && { policyQueueName }),
    };
  },
};
