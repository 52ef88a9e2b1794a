import { z } from 'zod';
import { domainSchema, durationSchema } from '../config/values.js';

/** What every element says of itself, and to how many. `element` is its name in ElementState. */
export const stateTellingShape = (element: string) => ({
  /** The name of this element where it tells its state. */
  element: domainSchema.default(element),
  /** How often its health is looked at for ElementState. */
  look: durationSchema.pipe(z.number().min(100)).prefault('1 s'),
  /** How often every state is told on the bus though nothing has changed. */
  announce: durationSchema.pipe(z.number().min(1_000)).prefault('60 s'),
  /** Subscriptions held at once; a further one is 480 with Retry-After. */
  maxSubscriptions: z.int().min(1).max(100_000).default(1_000),
  /** Duration of a subscription without an Expires header. */
  expires: durationSchema.pipe(z.number().min(60_000).max(3_600_000)).prefault('10 min'),
  /** Time that subscribers have for their last NOTIFY when the element stops. */
  farewell: durationSchema.pipe(z.number().min(0).max(30_000)).prefault('1 s'),
});

export const stateTellingSchema = (element: string) =>
  z.strictObject(stateTellingShape(element)).prefault({});

export type StateTellingConfig = z.infer<ReturnType<typeof stateTellingSchema>>;
