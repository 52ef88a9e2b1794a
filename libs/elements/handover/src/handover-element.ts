import { join } from 'node:path';
import { SchemaValidator } from '@esinet/handover';
import { type Clock, type Logger, messageOf } from '@esinet/kernel';
import type { FastRoutes, Health, Metrics, Records, RecordsReader, TlsOptions } from '@esinet/platform';
import { AuditTrail } from './audit/audit-trail.js';
import { Authorities } from './authorities.js';
import { AuthorityAgents } from './delivery/authority-agents.js';
import { deliveryPorts } from './delivery/delivery-ports.js';
import { Outbox } from './delivery/outbox.js';
import { DeliveryPump } from './delivery/pump.js';
import { QueueMetrics } from './delivery/queue-metrics.js';
import type { HandoverConfig } from './handover-config.js';
import { HandoverDesk } from './handover-desk.js';
import { HandoverRounds } from './handover-rounds.js';
import { Hi1Answers } from './hi1-answers.js';
import { hi1Intake, taskIntake } from './hi1-intake.js';
import { People } from './people.js';
import type { TaskIntake } from './api/operation.js';
import type { Hi1Intake } from './public/hi1-route.js';
import { publicRoutes } from './public/public-side.js';
import { CaseKeys } from './vault/case-keys.js';
import { CaseVault } from './vault/case-vault.js';

export interface HandoverPorts {
  /** What is ours: cases, queue, audit. Of this process alone. */
  readonly own: Records;
  /** What the chat service keeps: to be read only. */
  readonly chats: RecordsReader;
  readonly tls: TlsOptions;
  /** Where keys of cases lie when the configuration names no folder. */
  readonly dataFolder: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: Health;
  /** 0 to 1 */
  readonly chance: () => number;
}

/** The desk, the queue and the side of authorities, wired to each other; no socket of its own listens. */
export class HandoverElement {
  #timer: { cancel(): void } | undefined;
  #closed = false;

  private constructor(
    readonly config: HandoverConfig,
    private readonly o: HandoverPorts,
    readonly people: People,
    readonly desk: HandoverDesk,
    readonly vault: CaseVault,
    readonly audit: AuditTrail,
    readonly authorities: Authorities,
    readonly outbox: Outbox,
    readonly pump: DeliveryPump,
    private readonly agents: AuthorityAgents,
    private readonly queue: QueueMetrics,
    private readonly rounds: HandoverRounds,
    /** Tasks that a clerk enters as a document. */
    readonly taskIntake: TaskIntake,
    private readonly hi1: Hi1Intake,
  ) {}

  /** @throws RecordsError, or Error with a sentence, where what it lives on cannot be opened */
  static async open(config: HandoverConfig, o: HandoverPorts): Promise<HandoverElement> {
    const { own, clock, logger, metrics } = o;
    const keys = await CaseKeys.open(
      config.vault.folder ?? join(o.dataFolder, 'keys'),
      Buffer.from(config.vault.masterKey, 'hex'),
    );
    const vault = new CaseVault(own, keys);
    const audit = await AuditTrail.open(own, clock);
    const authorities = await Authorities.open(own);
    const outbox = await Outbox.open(own);
    const poke = (): void => pump.poke();
    const validator = new SchemaValidator(config.schemas);
    const desk = new HandoverDesk({
      ...{ authorities, vault, audit, outbox, own, clock, logger, validator },
      chats: o.chats,
      settings: {
        objectsUrl: config.objects.url,
        objectsMs: config.objects.lifetime,
        longestChatMs: config.longestChat,
        intake: config.intake,
        liid: {
          batchMs: config.liid.batch,
          records: config.liid.records,
          leadMs: config.liid.lead,
          lookBackMs: config.liid.lookBack,
        },
      },
      onQueued: poke,
      onStopped: (id) => pump.stop(id),
    });
    const rounds = new HandoverRounds({
      ...{ desk, vault, clock, logger },
      settings: {
        lookMs: config.liid.everyMs,
        retryMs: config.liid.retryMs,
        ...{ endsMs: config.ends.everyMs, keepMs: config.ends.keep },
      },
    });
    // Tasks are small, and what comes from outside is looked at by our own forms.
    const forms = new SchemaValidator();
    const { maxBodyBytes: maxBytes } = config.public;
    const tasks = taskIntake({ desk, authorities: () => authorities.all(), validator: forms, maxBytes });
    const answers = new Hi1Answers(own);
    const hi1 = hi1Intake({ desk, answers, validator: forms, maxBytes, clock, logger });
    const agents = new AuthorityAgents(o.tls);
    const queue = new QueueMetrics(metrics);
    const verdicts = metrics.counter(
      'esinet_handover_attempts_total',
      'Attempts to deliver a document or an object, by what came of them',
      ['authority', 'kind', 'verdict'],
    );
    const pump = new DeliveryPump({
      ...{ outbox, clock, logger, chance: o.chance, settings: config.delivery },
      ports: deliveryPorts({
        ...{ desk, authorities, audit, agents, clock, logger, verdicts },
        times: config.delivery,
      }),
    });
    const people = new People(config.people);
    return new HandoverElement(
      config,
      o,
      people,
      desk,
      vault,
      audit,
      authorities,
      outbox,
      pump,
      agents,
      queue,
      rounds,
      tasks,
      hi1,
    );
  }

  /** What was approved before goes on. @throws RecordsError */
  async start(): Promise<void> {
    const { health, chats, logger } = this.o;
    health.note('authorities', () => this.#paused());
    let away: string | undefined;
    const look = (): void => {
      void chats.check().then((problem) => (away = problem));
    };
    // Deliveries do not need it: worth knowing, and no reason not to be ready.
    health.note('view', () => (look(), away));
    look();
    const checked = await this.audit.check();
    if (checked.broken) {
      const { number, why } = checked.broken;
      logger.error('handover-audit-broken', { number, why });
      health.note('audit', () => `the audit is ${why} at entry ${number}: handover audit verify`);
    }
    for (const { id, phase } of await this.vault.heads()) {
      if (phase === 'approved' || phase === 'sending') await this.desk.send(id);
    }
    await this.rounds.start();
    this.pump.poke();
    await this.#measure();
  }

  /** What the side of authorities serves. */
  publicRoutes(): FastRoutes {
    const { clock, logger, metrics } = this.o;
    const { desk, authorities, audit, config } = this;
    return publicRoutes({
      ...{ desk, authorities, audit, clock, logger, intake: this.hi1 },
      requests: metrics.counter(
        'esinet_handover_public_requests_total',
        'Requests of the side of authorities',
        ['what', 'outcome'],
      ),
      refusalMs: config.objects.refusalMs,
      maxBytes: config.public.maxBodyBytes,
    });
  }

  /** The time of day, milliseconds since 1970. */
  wall(): number {
    return this.o.clock.wall();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.rounds.close();
    this.pump.close();
    this.agents.close();
    await this.o.chats.close();
  }

  #paused(): string | undefined {
    const paused = this.authorities
      .all()
      .flatMap(({ id, paused: why }) => (why === undefined ? [] : [`${id}: ${why}`]));
    return paused.length > 0 ? `paused until somebody resumes it: ${paused.join(', ')}` : undefined;
  }

  async #measure(): Promise<void> {
    const { clock, logger } = this.o;
    try {
      this.queue.show(await this.outbox.waiting(), clock.wall());
    } catch (error) {
      logger.error('handover-outbox-not-read', { reason: messageOf(error) });
    }
    if (this.#closed) return;
    this.#timer = clock.after(this.config.delivery.everyMs, () => void this.#measure());
  }
}
