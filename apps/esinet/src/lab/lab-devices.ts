import { type LisConfig, lisConfigSchema } from '@esinet/element-lis';

/** Where the accounts of the lab's provider are, as the LIS knows it: [lon, lat] of a place in a town each. */
export const places: readonly (readonly [account: string, lon: number, lat: number])[] = [
  ['caller1', -3.7038, 40.4168], // Madrid
  ['caller2', 2.1686, 41.3874], // Barcelona
  ['caller3', -5.9845, 37.3891], // Sevilla
  ['caller4', -0.3763, 39.4699], // València
  ['caller5', -2.935, 43.263], // Bilbao
  ['caller6', -8.5449, 42.8805], // Santiago de Compostela
  ['caller7', 2.6502, 39.5696], // Palma
  ['caller8', -15.4363, 28.1235], // Las Palmas de Gran Canaria
  ['caller9', -0.8891, 41.6488], // Zaragoza
];

/** Metres around each place. */
const radius = 50;

/** The devices the lab's LIS starts with: `uri:sip:caller1@provider.lab` and so on. */
export function labDevices(): LisConfig['devices'] {
  return lisConfigSchema.parse({ devices: devicesAt('provider.lab', places) }).devices;
}

/** The same for accounts of another provider, or at other places. */
export function devicesAt(domain: string, at: readonly (readonly [string, number, number])[]) {
  return at.map(([account, lon, lat]) => ({
    id: account,
    identifiers: [`uri:sip:${account}@${domain}`],
    shape: { type: 'circle' as const, center: [lon, lat], radius },
    method: 'Manual',
  }));
}
