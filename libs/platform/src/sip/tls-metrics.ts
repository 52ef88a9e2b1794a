import type { TlsEvent } from '@esinet/sip';
import type { Metrics } from '../telemetry/metrics.js';

/** Counts what TLS refused, and what it took with an eye closed. `peer` is the configured name, empty for a stranger. */
export function tlsMeter(metrics: Metrics): (event: TlsEvent) => void {
  const refused = metrics.counter(
    'esinet_sip_tls_refused_total',
    'TLS peers refused: as client (their certificate would not do for us as server) or as server, by rule',
    ['side', 'rule', 'peer'],
  );
  const legacy = metrics.counter(
    'esinet_sip_tls_legacy_total',
    'TLS connections taken with a weak key for the sake of a peer',
    ['side', 'peer'],
  );
  const unbound = metrics.counter(
    'esinet_sip_tls_unbound_total',
    'Certificates with the name of a peer that are not the ones agreed with it',
    ['rule', 'peer'],
  );
  const fallback = metrics.counter(
    'esinet_sip_tls_fallback_total',
    'Messages that went without TLS because the policy of a peer allows it where TLS cannot be had',
    ['transport', 'peer'],
  );
  return (event) => {
    const peer = event.peer ?? '';
    switch (event.kind) {
      case 'refused':
        return refused.inc({ side: event.side, rule: event.rule, peer });
      case 'legacy':
        return legacy.inc({ side: event.side, peer });
      case 'fallback':
        return fallback.inc({ transport: event.transport, peer });
      case 'unbound':
        return unbound.inc({ rule: event.rule, peer });
    }
  };
}
