import { readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, type Logger, type Timer, messageOf, randomIds } from '@esinet/kernel';
import { type Bus, type Subscription, subjectToken } from '@esinet/platform';
import type { Policy } from '@esinet/policy';
import type { z } from 'zod';
import type { Policies } from './policies.js';
import { deletePolicy, putPolicy } from './policy-store.js';
import {
  type PolicyChanged,
  type PolicyVersion,
  digestOf,
  isNewer,
  keyOf,
  policyChangedSchema,
  policyListSchema,
  policyStateSchema,
  versionOf,
} from './policy-versions.js';

/** Deleted policies remembered, so that a router that was away does not bring them back. */
const maxDeleted = 1_000;
const deletedFile = '.deleted.json';

/**
 * Policies of one router reach the others: what is put, deleted or loaded here is told, what others tell is checked as a
 * PUT is and kept in the files. The time of a policy is that of its file; the last one wins. What was missed is found by
 * comparing, at the start and every `shareEvery`.
 */
export class PolicySpread {
  /** Of this process alone. */
  readonly #self: string;
  readonly #subscriptions: Subscription[];
  #known = new Map<string, PolicyVersion & { readonly file: string }>();
  readonly #deleted = new Map<string, PolicyVersion>();
  /** What others told and is being taken: not to be told again. */
  readonly #taking = new Map<string, { readonly version: string | null; readonly at: number }>();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(
    private readonly policies: Policies,
    private readonly o: {
      readonly instance: string;
      readonly bus: Bus;
      readonly clock: Clock;
      readonly logger: Logger;
    },
  ) {
    const { bus, instance } = o;
    this.#self = `${instance}-${randomIds.token(8)}`;
    this.#readDeleted();
    this.#look(false);
    policies.onTaken = () => this.#look(true);
    const own = subjectToken(this.#self);
    this.#subscriptions = [
      bus.subscribe('policy.changed', (payload) => this.#changed(payload)),
      bus.subscribe('policy.state', (payload) => this.#compare(payload)),
      bus.reply(`policy.current.${own}`, () =>
        Promise.resolve(
          [...this.#known.values(), ...this.#deleted.values()].map(
            ({ owner, id, policyType, at, version }) => ({
              ...{ owner, id, policyType, at, version },
            }),
          ),
        ),
      ),
      bus.reply(`policy.document.${own}`, (payload) => Promise.resolve(this.#document(payload))),
    ];
    this.#tellState(true);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    delete this.policies.onTaken;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
  }

  #tellState(ask: boolean): void {
    if (this.#stopped) return;
    this.#publish('policy.state', { from: this.#self, digest: digestOf(this.#known.values()), ask });
    if (!ask) return;
    this.#timer?.cancel();
    this.#timer = this.o.clock.after(this.policies.config.shareEvery, () => this.#tellState(true));
  }

  /** What is in force now, against what was before. */
  #look(isTold: boolean): void {
    const before = this.#known;
    this.#known = new Map(
      this.policies.all.flatMap((policy) => {
        const version = versionOfFile(policy);
        return version ? [[keyOf(version), version]] : [];
      }),
    );
    for (const [key, version] of this.#known) {
      this.#deleted.delete(key);
      if (before.get(key)?.version === version.version) continue;
      if (isTold && this.#taking.get(key)?.version !== version.version)
        this.#tell(version, textOf(version.file));
    }
    for (const [key, { owner, id, policyType }] of before) {
      if (this.#known.has(key)) continue;
      const taking = this.#taking.get(key);
      const at = taking?.version === null ? taking.at : this.o.clock.wall();
      const gone: PolicyVersion = { owner, id, policyType, at, version: null };
      this.#deleted.set(key, gone);
      if (isTold && taking?.version !== null) this.#tell(gone, null);
    }
    for (const oldest of this.#deleted.keys()) {
      if (this.#deleted.size <= maxDeleted) break;
      this.#deleted.delete(oldest);
    }
    this.#writeDeleted();
  }

  #tell({ owner, id, policyType, at, version }: PolicyVersion, document: string | null | undefined): void {
    if (document === undefined) return;
    const changed: PolicyChanged = { owner, id, policyType, at, version, from: this.#self, document };
    this.#publish('policy.changed', changed);
  }

  async #changed(payload: unknown): Promise<void> {
    const changed = this.#read(policyChangedSchema, payload);
    if (changed && changed.from !== this.#self) await this.#take(changed);
  }

  async #compare(payload: unknown): Promise<void> {
    const state = this.#read(policyStateSchema, payload);
    if (!state || state.from === this.#self || state.digest === digestOf(this.#known.values())) return;
    // Who asked gets ours, and takes of them what is newer.
    if (state.ask) this.#tellState(false);
    const other = subjectToken(state.from);
    try {
      const list = this.#read(policyListSchema, await this.o.bus.request(`policy.current.${other}`, {}));
      for (const version of list ?? []) {
        if (!isNewer(version, this.#knownOf(version))) continue;
        const { owner, id, policyType } = version;
        const document =
          version.version === null
            ? null
            : await this.o.bus.request(`policy.document.${other}`, { owner, id, policyType });
        await this.#changed({ ...version, from: state.from, document });
      }
    } catch (error) {
      this.o.logger.warn('policies of another router not read', {
        router: state.from,
        reason: messageOf(error),
      });
    }
  }

  #knownOf(version: PolicyVersion): PolicyVersion | undefined {
    const key = keyOf(version);
    return this.#known.get(key) ?? this.#deleted.get(key);
  }

  async #take(changed: PolicyChanged): Promise<void> {
    if (this.#stopped || !isNewer(changed, this.#knownOf(changed))) return;
    const { at, version, document, from } = changed;
    const named = { owner: changed.owner, id: changed.id, policyType: changed.policyType };
    const key = keyOf(named);
    this.#taking.set(key, { version, at });
    try {
      const done =
        document === null
          ? await deletePolicy(this.policies, named)
          : await putPolicy(this.policies, named, document);
      const file = this.#known.get(key)?.file;
      if (document !== null && file !== undefined && ['created', 'replaced'].includes(done.result)) {
        utimesSync(file, at / 1_000, at / 1_000);
        this.#look(false);
      }
      const fields = { from, owner: named.owner, id: named.id, result: done.result, reason: done.reason };
      if (done.result === 'refused' || done.result === 'failed' || done.result === 'ambiguous')
        this.o.logger.error('policy of another router not taken', fields);
      else this.o.logger.info('policy of another router taken', fields);
    } catch (error) {
      this.o.logger.error('policy of another router not taken', { from, reason: messageOf(error) });
    } finally {
      this.#taking.delete(key);
    }
  }

  #document(payload: unknown): string | null {
    const { owner, id, policyType } = payload as Readonly<Record<string, string>>;
    const known = this.#known.get(keyOf({ owner: owner ?? '', id: id ?? '', policyType: policyType ?? '' }));
    return (known && textOf(known.file)) ?? null;
  }

  #read<T>(schema: z.ZodType<T>, payload: unknown): T | undefined {
    const read = schema.safeParse(payload);
    if (read.success) return read.data;
    this.o.logger.warn('unreadable on the bus about policies', {
      where: read.error.issues[0]?.path.join('.') ?? '',
    });
    return undefined;
  }

  #publish(subject: string, payload: object): void {
    try {
      this.o.bus.publish(subject, payload);
    } catch (error) {
      this.o.logger.warn('policies not told', { subject, reason: messageOf(error) });
    }
  }

  #readDeleted(): void {
    const folder = this.policies.folder;
    const text = folder === undefined ? undefined : textOf(join(folder, deletedFile));
    if (text === undefined) return;
    try {
      for (const each of policyListSchema.parse(JSON.parse(text))) this.#deleted.set(keyOf(each), each);
    } catch {
      this.o.logger.warn('deleted policies not read', { file: deletedFile });
    }
  }

  #writeDeleted(): void {
    const folder = this.policies.folder;
    const text = JSON.stringify([...this.#deleted.values()]);
    if (folder === undefined || (textOf(join(folder, deletedFile)) ?? '[]') === text) return;
    try {
      writeFileSync(join(folder, deletedFile), text, { mode: 0o640 });
    } catch (error) {
      this.o.logger.warn('deleted policies not kept', { reason: messageOf(error) });
    }
  }
}

function versionOfFile(policy: Policy): (PolicyVersion & { readonly file: string }) | undefined {
  const { file, policyOwner: owner, policyType } = policy;
  const id = policy.policyId ?? policy.policyQueueName;
  const text = file === undefined ? undefined : textOf(file);
  if (file === undefined || text === undefined || id === undefined) return undefined;
  const at = Math.floor(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return { owner, id, policyType, at, version: versionOf(text), file };
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
