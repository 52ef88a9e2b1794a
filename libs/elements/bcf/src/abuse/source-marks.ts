import {
  type Flow,
  type HeaderEdit,
  type IdentityLabel,
  type SipMessage,
  emergencySourceValue,
  isEmergencySource,
  verstatOf,
} from '@esinet/sip';
import type { Source } from '../policy.js';
import type { Screening } from '../screen.js';
import type { BadActors } from './bad-actors.js';
import { sourceKeyOf } from './source-key.js';
import type { SourceRegister } from './source-register.js';

/** How much speaks against a call of a source that a PSAP has reported, and against one whose signature is bad. */
const reportedSuspicion = 80;
const badIdentitySuspicion = 60;

/**
 * What the border writes about the source of a call, in one Call-Info value that is its own: those that come from
 * outside are removed. NENA i3 shape: `purpose=emergency-source`.
 */
export class SourceMarks {
  constructor(private readonly o: { readonly sources: SourceRegister; readonly actors: BadActors }) {}

  /** Undefined where nothing is to change. `before` belongs in front of other edits of Call-Info. */
  edits(
    request: SipMessage,
    source: Source,
    flow: Pick<Flow, 'remoteAddress'>,
    { traffic, callId }: Pick<Screening, 'traffic' | 'callId'>,
    identity?: IdentityLabel,
  ): { readonly before: readonly HeaderEdit[]; readonly after: readonly HeaderEdit[] } | undefined {
    if (source.side === 'private') return undefined;
    const before = withoutForeignMarks(request);
    const marked = callId !== undefined && (traffic === 'emergency' || traffic === 'chat');
    if (!marked) return before.length > 0 ? { before, after: [] } : undefined;
    const key = sourceKeyOf(request, source, flow);
    const value = emergencySourceValue({
      id: this.o.sources.register(key, callId),
      ...(key.peer !== undefined && { source: key.peer }),
      suspicion: Math.max(
        this.o.actors.of(key) ? reportedSuspicion : 0,
        identity?.outcome === 'failed' ? badIdentitySuspicion : 0,
      ),
      ...(identity && { verstat: verstatOf[identity.outcome] }),
    });
    return { before, after: [{ op: 'append', name: 'Call-Info', value }] };
  }
}

function withoutForeignMarks(request: SipMessage): HeaderEdit[] {
  if (!request.has('Call-Info')) return [];
  const values = request.values('Call-Info');
  const kept = values.filter((value) => !isEmergencySource(value));
  return kept.length === values.length ? [] : [{ op: 'set-lines', name: 'Call-Info', values: kept }];
}
