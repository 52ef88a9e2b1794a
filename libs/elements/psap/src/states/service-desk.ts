import { type Logger, type Result, err, messageOf, ok } from '@esinet/kernel';
import type { Records } from '@esinet/platform';
import { type ServiceState, type StateSource, securityPostures, serviceStates } from '@esinet/states';
import { type SaidState, isClosed, nothingSaid, worse } from './said-state.js';

/** Collection of what operators have said, by centre. */
export const statesCollection = 'service-states';

/** Key of what holds for all centres: no user part of a URI. */
const whole = '*';

export interface ServiceDeskOptions {
  readonly domain: string;
  /** SIP URI of a centre: what its service is known by. */
  readonly uriOf: (centre: string) => string;
  readonly records: Pick<Records, 'put' | 'list'>;
  readonly logger: Logger;
  /** Whether a call taker is there for a centre; undefined: nobody wants to know. */
  readonly attended?: (centre: string) => boolean;
}

/** What is said of the services of this process: of all centres together, and of each. It outlives a restart. */
export class ServiceDesk {
  readonly #said = new Map<string, SaidState>();
  readonly #listeners = new Set<() => void>();
  #draining = false;

  constructor(private readonly o: ServiceDeskOptions) {}

  /** Takes up what was said before the process ended. */
  async restore(): Promise<void> {
    try {
      for (const { key, value } of await this.o.records.list(statesCollection)) {
        if (isSaid(value)) this.#said.set(key, value);
      }
    } catch (error) {
      this.o.logger.error('service states not restored', { reason: messageOf(error) });
    }
    this.refresh();
  }

  /** On disk before it is told. Without a centre it holds for all. What is left out stays as it was. */
  async say(
    change: Partial<SaidState>,
    centre?: string,
  ): Promise<Result<SaidState, { readonly code: 'not-stored'; readonly message: string }>> {
    const key = centre ?? whole;
    const before = this.#said.get(key) ?? nothingSaid;
    const { reason: _old, ...rest } = before;
    const said: SaidState = {
      ...(change.state === undefined ? before : rest),
      ...change,
    };
    try {
      await this.o.records.put(statesCollection, key, said);
    } catch (error) {
      this.o.logger.error('service state not recorded', { reason: messageOf(error) });
      return err({ code: 'not-stored', message: 'the state could not be recorded and was not changed' });
    }
    this.#said.set(key, said);
    this.refresh();
    return ok(said);
  }

  /** The process is about to end. */
  drain(): void {
    this.#draining = true;
    this.refresh();
  }

  /** What holds now: of a centre the worse of its own and what is said of all. */
  now(centre?: string): SaidState {
    let said = this.#said.get(whole) ?? nothingSaid;
    if (centre !== undefined) {
      said = worse(said, this.#said.get(centre) ?? nothingSaid);
      if (this.o.attended?.(centre) === false) {
        said = worse(said, { state: 'Unstaffed', posture: 'Green', reason: 'no call taker is signed on' });
      }
    }
    return this.#draining
      ? worse(said, { state: 'GoingDown', posture: 'Green', reason: 'shutting down' })
      : said;
  }

  /** Whether a centre takes no calls. */
  closed(centre: string): boolean {
    return isClosed(this.now(centre));
  }

  /** Of a centre, or without one of all of them together. */
  source(centre?: string): StateSource<ServiceState> {
    return { current: () => this.state(centre), onChange: (listener) => this.onChange(listener) };
  }

  state(centre?: string): ServiceState {
    const { state, reason, posture } = this.now(centre);
    return {
      service: {
        name: 'PSAP',
        ...(centre !== undefined && { serviceId: this.o.uriOf(centre) }),
        domain: this.o.domain,
      },
      serviceState: { state, ...(reason !== undefined && { reason }) },
      securityPosture: { posture },
    };
  }

  /** Something that is asked for may be different: whether somebody is there. */
  refresh(): void {
    for (const listener of this.#listeners) listener();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function isSaid(value: unknown): value is SaidState {
  const { state, reason, posture } = (value ?? {}) as Record<string, unknown>;
  return (
    typeof state === 'string' &&
    state !== 'Unreachable' &&
    (serviceStates as readonly string[]).includes(state) &&
    typeof posture === 'string' &&
    (securityPostures as readonly string[]).includes(posture) &&
    (reason === undefined || typeof reason === 'string')
  );
}
