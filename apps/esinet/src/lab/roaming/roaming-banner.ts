import { resolve } from 'node:path';
import { bold, dim, green } from '../../terminal.js';
import { LAB_ATTRIBUTION } from '../lab-boundaries.js';
import { PORTUGAL_ATTRIBUTION } from './portugal.js';
import type { RunningRoaming } from './start-roaming.js';
import { type Site, at, forestGuideUrl, lostUrl } from './site.js';

export interface RoamingFacts {
  readonly sites: readonly {
    readonly name: string;
    readonly border: string;
    readonly provider: string;
    readonly ecrf: string;
    readonly lis: string;
    readonly psap: string;
    readonly overview: string;
  }[];
  readonly forestGuide: string;
  readonly files: readonly string[];
  readonly milliseconds: number;
}

export function roamingFacts(running: RunningRoaming, milliseconds: number): RoamingFacts {
  const { spain, portugal } = running.sites;
  return {
    sites: [spain, portugal].map((site) => ({
      name: site.name,
      border: `sips:${at(site, 15_061)}`,
      provider: `ws://${at(site, 15_080)}/sip`,
      ecrf: lostUrl(site),
      lis: `http://${at(site, 15_985)}/held`,
      psap: `http://${at(site, 15_090)}/api/docs`,
      overview: `http://${at(site, 8_080)}/`,
    })),
    forestGuide: forestGuideUrl(spain.offset),
    files: running.files.map((file) => resolve(file)),
    milliseconds,
  };
}

export function roamingBanner(facts: RoamingFacts, { spain, portugal }: RunningRoaming['sites']): string {
  const rows = facts.sites.flatMap(({ name, border, provider, ecrf, psap, overview }) => [
    `  ${bold(name.padEnd(12))} border    ${border}  ${dim('mutual TLS with the other border')}`,
    `  ${' '.repeat(12)} provider  ${provider}`,
    `  ${' '.repeat(12)} ECRF      ${ecrf}`,
    `  ${' '.repeat(12)} PSAP      ${psap}`,
    `  ${' '.repeat(12)} overview  ${overview}`,
  ]);
  const here = flag(spain);
  const there = ` --port-offset ${portugal.offset}`;
  return [
    '',
    ...rows,
    `  ${bold('forest guide')} LoST      ${facts.forestGuide}`,
    '',
    '  configuration',
    ...facts.files.map((file) => `    ${file}`),
    `  ${dim(LAB_ATTRIBUTION)}`,
    `  ${dim(PORTUGAL_ATTRIBUTION)}`,
    '',
    `${green('Ready')} after ${(facts.milliseconds / 1000).toFixed(1)} s. Try in another terminal:`,
    '',
    dim('  a subscriber of Spain in Madrid, then in Lisboa, where Portugal answers'),
    `  npx esinet chat --at 40.4168,-3.7038 --via ws --as caller1${here} "help"`,
    `  npx esinet chat --at 38.7223,-9.1393 --via ws --as caller1${here} "help" "I am on the bridge"`,
    dim('  without an account, straight to the border of Spain, from Porto'),
    `  npx esinet chat --at 41.1579,-8.6291${here} "help"`,
    dim('  a subscriber of Portugal in Barcelona'),
    `  npx esinet chat --at 41.3874,2.1686 --via ws --as caller1@${portugal.provider}${there} "socorro"`,
    dim('  Spain asks the forest guide; the forest guide names Portugal; Portugal answers for itself'),
    `  npx esinet where 38.7223,-9.1393 --explain${here}`,
    `  npx esinet where 38.7223,-9.1393 --explain --iterative --lost ${facts.forestGuide}`,
    `  npx esinet where 38.7223,-9.1393 --explain${there}`,
    '',
    dim('--trace tells the road of every message. Ctrl-C stops it.'),
    '',
  ].join('\n');
}

function flag({ offset }: Site): string {
  return offset === 0 ? '' : ` --port-offset ${offset}`;
}
