import { readFileSync } from 'node:fs';
import type { LabCivic } from '@esinet/element-ecrf';

/** Streets, addresses and areas made up for the lab, with names that sound right; no real house is meant. */
const FOLDER = new URL('../../../../samples/civic/', import.meta.url);

/** RFC 5139 3.4: the second part of the ISO 3166-2 code may stand for the name of a community, as may another name. */
const A1: Readonly<Record<string, readonly string[]>> = {
  Andalucía: ['AN'],
  Aragón: ['AR'],
  Asturias: ['AS'],
  'Illes Balears': ['IB', 'Islas Baleares'],
  Canarias: ['CN'],
  Cantabria: ['CB'],
  'Castilla y León': ['CL'],
  'Castilla-La Mancha': ['CM'],
  Catalunya: ['CT', 'Cataluña'],
  'Comunitat Valenciana': ['VC', 'Comunidad Valenciana'],
  Extremadura: ['EX'],
  Galicia: ['GA'],
  Madrid: ['MD', 'Comunidad de Madrid'],
  Murcia: ['MC'],
  Navarra: ['NC'],
  Euskadi: ['PV', 'País Vasco'],
  'La Rioja': ['RI'],
  Ceuta: ['CE'],
  Melilla: ['ML'],
};
const STP: Readonly<Record<string, readonly string[]>> = {
  Calle: ['C', 'C.', 'C/', 'Cl'],
  Plaza: ['Pl', 'Pl.', 'Pza', 'Pza.'],
  Paseo: ['Pº', 'P.º'],
  Passeig: ['Pg', 'Pg.'],
  Avinguda: ['Av', 'Av.', 'Avda', 'Avda.'],
};

/** What the lab's ECRF finds civic addresses in; undefined where the samples are not beside the program. */
export function labCivicData(): LabCivic | undefined {
  try {
    const file = (name: string): { readonly name: string; readonly content: string } => ({
      name: `lab ${name}`,
      content: readFileSync(new URL(name, FOLDER), 'utf8'),
    });
    return {
      areas: [file('areas.csv')],
      streets: [file('streets.geojson')],
      points: [file('points.geojson')],
      equivalents: { A1, STP },
    };
  } catch {
    return undefined;
  }
}
