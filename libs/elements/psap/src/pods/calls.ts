import { alone, type Tenure } from './tenure.js';

/** Whose calls are whose, where several processes share the records. */
export interface Calls {
  /** What this process has of a call. @throws RecordsError `fenced` when it has nothing of it */
  tenure(callId: string): Tenure;
  /**
   * Makes a call this process's own and brings back what is open of it.
   * @throws RecordsError `fenced` when another one has it that is alive
   */
  hold(callId: string): Promise<Tenure>;
  /** The same, and what is open of the call may still be on its way back. */
  own(callId: string): Promise<Tenure>;
  /** `hold` for all that somebody wrote who gave no Call Identifier. */
  holdSender(sender: string): Promise<void>;
}

/** There is no other process. */
export const ownCalls: Calls = {
  tenure: () => alone,
  hold: () => Promise.resolve(alone),
  own: () => Promise.resolve(alone),
  holdSender: () => Promise.resolve(),
};
