/** A text that a caller said. Every text of a run is another one. */
export interface Said {
  readonly text: string;
  readonly chat: string;
  /** How the caller is connected: `udp`, `tls`, `provider`. */
  readonly path: string;
  /** The first of its chat. */
  readonly start: boolean;
  /** Milliseconds since the run began. */
  readonly at: number;
  /** When its final answer came. */
  readonly answeredAt?: number;
  /** Of its final answer: 0 where none came. Undefined while it is under way. */
  readonly status?: number;
}

/** One row of a chat in the records of the PSAPs, in the order a person reads them. */
export interface Recorded {
  readonly chat: string;
  /** Which of the records of the chat it stands in: each centre that the chat came to has one. */
  readonly record: string;
  readonly direction: 'in' | 'out';
  readonly kind: string;
  readonly text: string;
  readonly messageId?: number;
  /** Of what the PSAP said: what became of it. */
  readonly delivery?: string;
}

/** A text that a call taker was told of as it happened. */
export interface Told {
  readonly record: string;
  readonly text: string;
  /** Which of several readers of which PSAP. */
  readonly reader: string;
}

/** A text of a PSAP that a caller was shown, in order. */
export interface Heard {
  readonly chat: string;
  /** URI of the centre. */
  readonly sender: string;
  readonly kind: string;
  readonly text: string;
  readonly messageId?: number;
}

/** All that is known of a run, from both ends. */
export interface History {
  readonly said: readonly Said[];
  readonly recorded: readonly Recorded[];
  readonly told: readonly Told[];
  readonly heard: readonly Heard[];
  /** Texts whose sender was told afterwards that they did not arrive. */
  readonly notices: readonly string[];
}
