import type { Clock, Logger } from '@esinet/kernel';
import type { Bus, Metrics } from '@esinet/platform';
import type { BcfConfig } from '../config.js';
import { AbuseGate, type AbuseGateOptions } from './abuse-gate.js';
import { AuditTrail } from './audit-trail.js';
import { BadActors } from './bad-actors.js';
import { IdentityCheck } from './identity-check.js';
import { SourceMarks } from './source-marks.js';
import { SourceRegister } from './source-register.js';

/** What stands in front of the border, of one configuration. */
export function guardsOf(
  config: Pick<BcfConfig, 'abuse' | 'badActors' | 'peers' | 'element'>,
  ports: {
    readonly clock: Clock;
    readonly bus: Bus;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly auditFile?: string;
  },
  isRunning: AbuseGateOptions['isRunning'],
): {
  readonly gate: AbuseGate;
  readonly actors: BadActors;
  readonly marks: SourceMarks;
  readonly identity: IdentityCheck;
} {
  const { clock, bus, logger, metrics, auditFile } = ports;
  const { badActors } = config;
  const sources = new SourceRegister({
    clock,
    domain: config.element,
    rememberMs: badActors.remember,
    max: badActors.sources,
  });
  const audit = new AuditTrail({
    maxBytes: badActors.auditBytes,
    logger,
    ...(auditFile !== undefined && { file: auditFile }),
  });
  const actors = new BadActors(badActors, { clock, bus, sources, audit });
  const gate = new AbuseGate({
    config: config.abuse,
    badActors,
    peers: config.peers,
    actors,
    clock,
    bus,
    logger,
    metrics,
    isRunning,
    random: Math.random,
  });
  const identity = new IdentityCheck(config.abuse.passports, { clock, metrics });
  return { gate, actors, marks: new SourceMarks({ sources, actors }), identity };
}
