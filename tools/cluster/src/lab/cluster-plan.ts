import { join } from 'node:path';

export type ElementKind = 'bcf' | 'esrp' | 'psap' | 'ecrf' | 'lis' | 'provider';

/** Ports of the one-process lab, which the first of each element has here as well. */
const standardPorts = {
  bcf: { http: 15_960, public: 15_060, publicTls: 15_061, private: 15_062 },
  esrp: { http: 15_970, sip: 15_070 },
  psap: { http: 15_090, sip: 15_075 },
  ecrf: { http: 15_222 },
  lis: { http: 15_985, sip: 15_085 },
  provider: { http: 15_950, sip: 15_050, ws: 15_080, wss: 15_081 },
} as const satisfies Record<ElementKind, Record<string, number>>;

export const serverPorts = { nats: 14_222, redis: 16_379, postgres: 15_432 } as const;

/** A second instance has the ports of the first, moved by this. */
const siblingOffset = 100;

/** One process of the cluster. */
export interface Seat {
  /** `psap-1`; the provider is alone. */
  readonly instance: string;
  readonly element: ElementKind;
  readonly ports: Readonly<Record<string, number>>;
  /** Folder of what it writes. */
  readonly data: string;
}

export interface ServerUrls {
  readonly nats: string;
  readonly redis: string;
  /** With user and password. */
  readonly postgres: string;
}

export type Counts = Readonly<Record<ElementKind, number>>;

export interface ClusterPlan {
  readonly folder: string;
  readonly seats: readonly Seat[];
  /** Undefined: every process has bus, store and records of its own. */
  readonly servers: ServerUrls | undefined;
  /** Waits of the elements are longer: a machine that does something else as well is slow, and nobody is away for it. */
  readonly patient: boolean;
}

/** Two of what may have two. Without common records a second PSAP would know nothing of the chats of the first. */
export function countsOf(embedded: boolean): Counts {
  return embedded
    ? { bcf: 2, esrp: 2, psap: 1, ecrf: 1, lis: 1, provider: 1 }
    : { bcf: 2, esrp: 2, psap: 2, ecrf: 2, lis: 1, provider: 1 };
}

/** `port` gives the port for one of the lab's: moved by an offset, or any that is free. */
export function planCluster(o: {
  readonly folder: string;
  readonly counts: Counts;
  readonly servers: ServerUrls | undefined;
  readonly port: (standard: number) => number;
  readonly patient?: boolean;
}): ClusterPlan {
  const seats: Seat[] = [];
  for (const [kind, count] of Object.entries(o.counts) as [ElementKind, number][]) {
    for (let i = 0; i < count; i++) {
      const instance = kind === 'provider' ? 'provider' : `${kind}-${i + 1}`;
      const ports = Object.entries(standardPorts[kind]).map(([name, standard]) => {
        return [name, o.port(standard + i * siblingOffset)] as const;
      });
      const data = join(o.folder, instance);
      seats.push({ instance, element: kind, data, ports: Object.fromEntries(ports) });
    }
  }
  return { folder: o.folder, seats, servers: o.servers, patient: o.patient ?? false };
}

/** Every port that `planCluster` asks for. */
export function portsOf(counts: Counts): number[] {
  const asked: number[] = [];
  const note = (standard: number): number => {
    asked.push(standard);
    return standard;
  };
  planCluster({ folder: '', counts, servers: undefined, port: note });
  return asked;
}

export function seatsOf(plan: ClusterPlan, element: ElementKind): Seat[] {
  return plan.seats.filter((seat) => seat.element === element);
}
