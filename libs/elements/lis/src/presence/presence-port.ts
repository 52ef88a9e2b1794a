/** Who watches. */
export interface Watcher {
  readonly address: string;
  /** Names of the client certificate, when it showed a good one. */
  readonly names?: readonly string[];
}

/** What a location URI shows now. */
export interface PresenceNow {
  /** PIDF-LO. */
  readonly document: string;
  /** Wall milliseconds: the location URI works no more then. */
  readonly expires: number;
  /** Wall milliseconds: what is shown is not true any more then; `watch` does not tell. */
  readonly placeExpires?: number;
}

/** What the presence server needs of the LIS. */
export interface PresencePort {
  /**
   * Undefined, whyever: no such location URI, lapsed, used up, revoked, nothing known, or not for this watcher. Counts as
   * a use of a location URI that is good for so many.
   */
  presenceOf(token: string, watcher: Watcher): Promise<PresenceNow | undefined>;
  /** Calls `listener` whenever `presenceOf` may say something else. Undefined: no such location URI. */
  watch(token: string, listener: () => void): Promise<(() => void) | undefined>;
}
