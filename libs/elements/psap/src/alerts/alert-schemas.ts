import { z } from 'zod';
import { messageSchema, named } from '../api/schemas.js';

const { at, sender, text, locations, otherParts, data, problems, reasons, history } = messageSchema.shape;

export const alertSchema = z
  .object({
    alert: z.string().describe('Identifier of the alert here'),
    at,
    centre: z.string().describe('User part of the URI of the centre'),
    sender,
    service: z.string().optional().describe('Service URN asked for'),
    callId: z.string().optional(),
    did: z.string().optional(),
    languages: z.array(z.string()).readonly().optional(),
    accessNetwork: z.string().optional(),
    text,
    error: z
      .object({ code: z.int(), message: z.string() })
      .optional()
      .describe('What the sender was told was wrong with it (AlertMsg-Error, RFC 8876 5.2)'),
    locations,
    otherParts,
    data: data.describe('The alert itself is the block `cap`'),
    problems,
    reasons,
    history,
  })
  .register(named, { id: 'Alert', description: 'A non-interactive call (RFC 8876)' });

export const alertsSchema = z
  .object({ alerts: z.array(alertSchema).readonly() })
  .register(named, { id: 'Alerts', description: 'Newest first' });

const limit = z.coerce
  .number()
  .pipe(z.int().min(1).max(1_000))
  .default(100)
  .meta({ type: 'integer', minimum: 1, maximum: 1_000 })
  .describe('Most to give');

export const alertsQuery = z.strictObject({
  centre: z.string().min(1).max(256).optional().describe('Only this centre'),
  limit,
});

export const testSchema = z
  .object({
    test: z.string(),
    at,
    centre: z.string(),
    callId: z.string(),
    caller: z.string(),
    asked: z.string().describe('Service as received'),
    answer: z.enum(['pending', 'delivered', 'failed']).describe('What became of the answer'),
  })
  .register(named, { id: 'TestCall', description: 'TS 103 698 6.1.2.10' });

export const testsSchema = z
  .object({ tests: z.array(testSchema).readonly() })
  .register(named, { id: 'TestCalls', description: 'Newest first' });

export const testsQuery = z.strictObject({ limit });
