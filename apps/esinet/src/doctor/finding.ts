/** What a check says of one thing. A warning is no reason to stop; a fault loses messages, or will. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'fault';
  /** What is the case: a sentence. */
  readonly what: string;
  /** What to do about it: a sentence; where something is to be done. */
  readonly fix?: string;
}

export const fine = (what: string): Finding => ({ level: 'ok', what });
export const warning = (what: string, fix: string): Finding => ({ level: 'warning', what, fix });
export const fault = (what: string, fix: string): Finding => ({ level: 'fault', what, fix });
