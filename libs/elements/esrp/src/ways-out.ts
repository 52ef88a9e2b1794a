import type { NextHop } from '@esinet/platform';

/** The ways out of the routing proxy, as configured. */
export interface WaysOut {
  /** The host table: next hops of a domain; empty if it is not in the table. */
  domain(domain: string): readonly NextHop[];
  /** The inner side of the border. */
  readonly border: readonly NextHop[];
}
