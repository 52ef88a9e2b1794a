import type { Result } from '@esinet/kernel';
import { z } from 'zod';
import type { Desk, DeskRefusal } from '../desk.js';

/** What call takers ask for, as one process passes it on to another. */
export const orders = ['say', 'stop', 'transfer', 'redirect', 'callBack', 'assign', 'decide'] as const;

export type Order = (typeof orders)[number];

export const orderSchema = z.object({ order: z.enum(orders), args: z.array(z.unknown()).min(1).max(4) });

const resultSchema = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({ ok: z.literal(false), error: z.object({ code: z.string(), message: z.string() }) }),
]);

export function run<O extends Order>(
  desk: Pick<Desk, Order>,
  order: O,
  args: Parameters<Desk[O]>,
): ReturnType<Desk[O]> {
  const does = desk[order] as (...args: Parameters<Desk[O]>) => ReturnType<Desk[O]>;
  return does.apply(desk, args);
}

/** The other process is of the same program: that it is a result at all is what counts. */
export function readResult(answer: unknown): Result<never, DeskRefusal> | undefined {
  const read = resultSchema.safeParse(answer);
  return read.success ? (read.data as Result<never, DeskRefusal>) : undefined;
}

/** An argument that was not given is null on the bus. */
export function given(args: readonly unknown[]): unknown[] {
  return args.map((arg) => arg ?? undefined);
}
