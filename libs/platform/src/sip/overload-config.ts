import { defaultOverloadSettings as defaults } from '@esinet/sip';
import { z } from 'zod';
import { durationSchema } from '../config/values.js';

const perSecond = z.number().positive().max(10_000_000);

/** `overload` of an element that speaks SIP: what it does when more comes than it can do. RFC 7339, TS 103 698 6.1.2.9 */
export const overloadSchema = z
  .strictObject({
    /** Whether anything is shed at all. */
    enabled: z.boolean().default(true),
    /** How long what arrives may wait for the process, on the mean of an interval, before it takes less on. */
    target: durationSchema.prefault('100 ms'),
    /** Share of the time that the process works, above which it takes no more on than it does. */
    busy: z.number().gt(0).max(1).default(defaults.busy),
    /** Requests a second at the start; what the process can do is found out from what it does. */
    initialRate: perSecond.default(defaults.initialRate),
    /** Requests a second that are taken on however slow everything is. */
    minRate: perSecond.default(defaults.minRate),
    /** Requests a second that are never exceeded, for an element whose next hops are known to take so many. */
    maxRate: perSecond.default(defaults.maxRate),
    /** How much of the rate may come at once. */
    burst: durationSchema.prefault('1 s'),
    /** Percent of a burst that is kept for emergencies, from test calls and what is no emergency. */
    reserved: z.number().min(0).max(90).default(defaults.reservedPercent),
    /** Share of the time that refusing may take; starts over UDP beyond that are dropped unread. 1: all are answered. */
    refusing: z.number().gt(0).max(1).default(defaults.refusing),
    /** The answer to what is shed. 486 makes no proxy before us go round us; 480 sends a call to its default PSAP. */
    status: z.int().min(400).max(699).default(defaults.status),
    /** Retry-After of that answer, in seconds, spread over this range. */
    retryAfter: z
      .strictObject({
        least: z.int().min(0).max(3_600).default(defaults.retryAfter.least),
        most: z.int().min(0).max(3_600).default(defaults.retryAfter.most),
      })
      .refine(({ least, most }) => least <= most, 'least must not be more than most')
      .prefault({}),
    /** Who may be answered 503 instead, being known to cope with it: names of peers (border), or IP addresses. */
    unavailable: z.array(z.string().min(1).max(253)).max(1_000).default([]),
    /** Tells neighbours inside how much to send, and heeds what they tell. RFC 7339 */
    feedback: z.boolean().default(true),
    /** The same with neighbours outside: names of trusted peers (border), or IP addresses. */
    neighbours: z.array(z.string().min(1).max(253)).max(1_000).default([]),
    /** What a neighbour is asked for where it can do both: to leave out a share, or to keep to a rate (RFC 7415). */
    algorithm: z.enum(['loss', 'rate']).default('loss'),
    /** How long that holds, unless it is told anew. */
    validity: durationSchema.prefault('500 ms'),
    /** A next hop that has not answered so many times in a row is left alone but for a probe now and then. */
    silentAfter: z.int().min(1).max(1_000).default(5),
  })
  .refine(({ minRate, maxRate }) => minRate <= maxRate, 'minRate must not be more than maxRate')
  .prefault({});

export type OverloadConfig = z.infer<typeof overloadSchema>;
