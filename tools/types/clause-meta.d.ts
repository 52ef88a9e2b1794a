import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The clause or clauses a test stands for: `RFC 3261 17.2.2`. `docs/conformance.md` is made from these. */
    clause?: string | readonly string[];
    /** The requirements of TS 103 698 that it verifies: `6.2.6-3`, a row of `tools/conformance/ts-103-698.json`. */
    shall?: string | readonly string[];
  }
}
