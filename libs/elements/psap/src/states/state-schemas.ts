import { elementStates, queueStates, securityPostures, serviceStates } from '@esinet/states';
import { z } from 'zod';
import { named } from '../api/schemas.js';

const reason = z.string().max(256).optional();
const state = z.enum(serviceStates).exclude(['Unreachable']);
const posture = z.enum(securityPostures);

export const stateSchema = z
  .object({
    element: z.object({
      elementId: z.string(),
      state: z.enum(elementStates).exclude(['Unreachable']),
      reason,
    }),
    service: z.object({ state, reason, posture }).describe('What holds for every centre'),
    centres: z
      .array(
        z.object({
          centre: z.string(),
          uri: z.string(),
          state,
          reason,
          posture,
          queue: z.object({
            length: z.int().describe('Chats that wait for a call taker'),
            max: z.int(),
            state: z.enum(queueStates).exclude(['Unreachable']),
          }),
        }),
      )
      .readonly()
      .describe('As it is told: the worse of what is said of the centre and of all'),
  })
  .register(named, { id: 'State', description: 'As subscribers hear it' });

export const setStateBody = z
  .strictObject({
    centre: z.string().min(1).max(256).optional().describe('Only this centre; all of them if absent'),
    state: state.optional().describe('Stays as it was if absent'),
    reason: reason.describe('For people; goes with `state`'),
    posture: posture.optional().describe('Stays as it was if absent'),
  })
  .refine((b) => b.state !== undefined || b.posture !== undefined, 'either state or posture, or both')
  .refine((b) => b.reason === undefined || b.state !== undefined, 'a reason goes with a state')
  .register(named, { id: 'SetState' });
