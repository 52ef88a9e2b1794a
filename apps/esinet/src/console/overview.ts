import { HEALTH, type HealthChecks, type RunningElement } from '@esinet/platform';

import { type MapFeature, mapSvg } from './map-svg.js';

export const OVERVIEW = Symbol('esinet.console.overview');

export interface ElementStatus {
  readonly name: string;
  readonly http: string;
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, string>>;
}

/** Milliseconds the ECRF has to give its boundaries to the map. */
const mapTimeoutMs = 2_000;

/** The state of every element of this process, asked from their own health checks. */
export class Overview {
  constructor(
    private readonly elements: ReadonlyMap<string, RunningElement>,
    private readonly neighbours: readonly MapFeature[],
  ) {}

  /** The service areas as the ECRF has them now; empty while it is away. */
  async map(): Promise<string> {
    const ecrf = this.elements.get('ecrf');
    if (!ecrf) return '';
    try {
      const answer = await fetch(`http://${ecrf.http.host}:${ecrf.http.port}/boundaries`, {
        signal: AbortSignal.timeout(mapTimeoutMs),
      });
      const { features } = (await answer.json()) as { features: MapFeature[] };
      return mapSvg({ areas: features, neighbours: this.neighbours });
    } catch {
      return '';
    }
  }

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
