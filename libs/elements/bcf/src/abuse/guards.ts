import { hash } from 'node:crypto';
import type { Clock, Logger } from '@esinet/kernel';
import type { Bus, Metrics, Store } from '@esinet/platform';
import type { BcfConfig } from '../config.js';
import { AbuseGate, type AbuseGateOptions } from './abuse-gate.js';
import { AuditTrail } from './audit-trail.js';
import { BadActors } from './bad-actors.js';
import { IdentityCheck } from './identity-check.js';
import { SharedMeasures } from './shared-measures.js';
import { sealed } from './source-key.js';
import { SourceMarks } from './source-marks.js';
import { SourceRegister } from './source-register.js';

/** What stands in front of the border, of one configuration. */
export function guardsOf(
  config: Pick<BcfConfig, 'abuse' | 'badActors' | 'chats' | 'dialogs' | 'peers' | 'element'>,
  ports: {
    readonly clock: Clock;
    readonly bus: Bus;
    readonly logger: Logger;
    readonly metrics: Metrics;
    readonly store: Store;
    readonly instance: string;
    readonly auditFile?: string;
  },
  isRunning: AbuseGateOptions['isRunning'],
): {
  readonly gate: AbuseGate;
  readonly actors: BadActors;
  readonly marks: SourceMarks;
  readonly identity: IdentityCheck;
} {
  const { clock, bus, store, instance, logger, metrics, auditFile } = ports;
  const { badActors } = config;
  const { secret } = config.dialogs;
  const shared = new SharedMeasures({
    ...{ store, bus, clock, logger, instance },
    ...{ rememberMs: badActors.remember, max: badActors.max },
  });
  const sources = new SourceRegister({
    ...(secret !== undefined && { secret: hash('sha256', `sources ${secret}`, 'hex') }),
    tell: (id, key) => shared.remember(id, sealed(key)),
    forgotten: (id) => shared.forget(id),
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
  const actors = new BadActors(badActors, { clock, bus, sources, audit, shared });
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
    store,
    storeTimeoutMs: config.chats.storeTimeout,
    random: Math.random,
  });
  const identity = new IdentityCheck(config.abuse.passports, { clock, metrics });
  return { gate, actors, marks: new SourceMarks({ sources, actors }), identity };
}
