import { HEALTH, type HealthChecks, type RunningElement } from '@esinet/platform';

export const OVERVIEW = Symbol('esinet.console.overview');

export interface ElementStatus {
  readonly name: string;
  readonly http: string;
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** The state of every element of this process, asked from their own health checks. */
export class Overview {
  constructor(private readonly elements: ReadonlyMap<string, RunningElement>) {}

  async status(): Promise<ElementStatus[]> {
    const running = [...this.elements.values()].filter(({ name }) => name !== 'console');
    return Promise.all(
      running.map(async (element) => ({
        name: element.name,
        http: `http://${element.http.host}:${element.http.port}`,
        ...(await element.get<HealthChecks>(HEALTH).report()),
      })),
    );
  }
}
