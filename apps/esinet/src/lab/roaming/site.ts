/** The names of one ESInet of the roaming lab, and how far its ports are moved from the lab's. */
export interface Site {
  /** `spain`: its folder, its file, what its peers call it. */
  readonly name: string;
  /** What its PSAPs are called outside (TS 103 698 D.1: public.a). */
  readonly publicDomain: string;
  /** What they are called inside (psap.a). */
  readonly privateDomain: string;
  /** Of its application provider (provider.a). */
  readonly provider: string;
  /** LoST name of its ECRF. */
  readonly ecrf: string;
  readonly lis: string;
  readonly offset: number;
}

/** The names of the lab that `npm start` runs. */
export function spain(offset: number): Site {
  return {
    name: 'spain',
    publicDomain: 'esinet.lab',
    privateDomain: 'psap.esinet.internal',
    provider: 'provider.lab',
    ecrf: 'ecrf.esinet.lab',
    lis: 'lis.esinet.lab',
    offset,
  };
}

export function portugal(offset: number): Site {
  return {
    name: 'portugal',
    publicDomain: 'portugal.lab',
    privateDomain: 'psap.portugal.internal',
    provider: 'provider.portugal.lab',
    ecrf: 'ecrf.portugal.lab',
    lis: 'lis.portugal.lab',
    offset,
  };
}

export const FOREST_GUIDE = 'fg.lab';
/** Beside Spain's ports. */
const forestGuidePort = 15_322;

export const at = (site: Site, port: number): string => `127.0.0.1:${port + site.offset}`;
export const lostUrl = (site: Site): string => `http://${at(site, 15_222)}/lost`;
export const forestGuideUrl = (offset: number): string => `http://127.0.0.1:${forestGuidePort + offset}/lost`;
export const forestGuideListen = (offset: number) => ({ port: forestGuidePort + offset });
