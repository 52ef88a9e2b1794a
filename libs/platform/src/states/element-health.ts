import type { Clock, Timer } from '@esinet/kernel';
import { type ElementState, type StateSource, StateValue } from '@esinet/states';
import type { HealthChecks } from '../telemetry/health.js';

/** The check that fails when there is more to do than there is time: nothing is broken then. */
const slowCheck = 'event-loop';

/** What an element says of itself: from its own health checks, and from those who know more. */
export class ElementHealth {
  readonly #state: StateValue<ElementState>;
  #timer: Timer | undefined;
  #overloaded = false;
  #slow = false;
  #draining = false;
  #broken: string | undefined;
  #closed = false;

  constructor(
    private readonly o: {
      readonly elementId: string;
      readonly health: Pick<HealthChecks, 'report' | 'onDrain'>;
      readonly clock: Clock;
      /** Milliseconds between two looks. */
      readonly lookMs: number;
    },
  ) {
    this.#state = new StateValue<ElementState>({ elementId: o.elementId, state: 'Normal' });
    o.health.onDrain(() => {
      this.#draining = true;
      this.#tell();
    });
  }

  get source(): StateSource<ElementState> {
    return this.#state;
  }

  /** Told by whoever limits the load. */
  overloaded(is: boolean): void {
    this.#overloaded = is;
    this.#tell();
  }

  start(): void {
    void this.#look();
  }

  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
  }

  async #look(): Promise<void> {
    const { checks } = await this.o.health.report();
    if (this.#closed) return;
    // Names only: the sentences of a check are for the operator of this element.
    const failed = Object.entries(checks).flatMap(([name, answer]) => (answer === 'ok' ? [] : [name]));
    this.#slow = failed.includes(slowCheck);
    const broken = failed.filter((name) => name !== slowCheck);
    this.#broken = broken.length === 0 ? undefined : broken.join(', ');
    this.#tell();
    this.#timer = this.o.clock.after(this.o.lookMs, () => void this.#look());
  }

  #tell(): void {
    const { elementId } = this.o;
    this.#state.set(
      this.#draining
        ? { elementId, state: 'GoingDown', reason: 'shutting down' }
        : this.#broken !== undefined
          ? { elementId, state: 'ServiceDisruption', reason: `not ready: ${this.#broken}` }
          : { elementId, state: this.#overloaded || this.#slow ? 'Overloaded' : 'Normal' },
    );
  }
}
