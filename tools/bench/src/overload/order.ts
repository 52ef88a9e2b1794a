import type { Report } from './tally.js';

/** What the far side is told to do; it answers each with a `Done`. */
export type Order =
  | { readonly do: 'begin'; readonly target: number; readonly sinkPort: number }
  /** So many starts under way at once: what can be done at most. */
  | { readonly do: 'closed'; readonly seconds: number; readonly window: number }
  /** So many starts a second whatever comes back, beside chats that run. */
  | {
      readonly do: 'open';
      readonly seconds: number;
      readonly rate: number;
      readonly chats: number;
      readonly chatEveryMs: number;
    }
  /** One source that sends so many starts a second, beside quiet ones of addresses of their own. */
  | {
      readonly do: 'flood';
      readonly seconds: number;
      readonly rate: number;
      readonly quiet: number;
      readonly quietPerSecond: number;
    };

export interface Done {
  readonly starts?: Report;
  /** The chats that ran, or the quiet sources. */
  readonly others?: Report;
}
