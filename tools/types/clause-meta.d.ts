import 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** The clause or clauses a test stands for: `RFC 3261 17.2.2`. `docs/conformance.md` is made from these. */
    clause?: string | readonly string[];
    /** The requirements that it verifies: `6.2.6-3` of TS 103 698, `707:5.2.2-1` of TS 103 707, rows of `tools/conformance/*.json`. */
    shall?: string | readonly string[];
  }
}
