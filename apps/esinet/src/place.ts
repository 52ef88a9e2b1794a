import type { CivicAddress } from '@esinet/element-app';
import { InvalidArgumentError } from 'commander';

export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}

/** `40.4168,-3.7038`: WGS84 degrees, latitude first as people say it. */
export function parsePlace(text: string): Place {
  const parts = text.split(',').map((part) => part.trim());
  const [latitude, longitude] = parts.map(Number);
  if (
    parts.length !== 2 ||
    parts.some((part) => part === '') ||
    !Number.isFinite(latitude) ||
    !Number.isFinite(longitude)
  ) {
    throw new InvalidArgumentError('A place is LATITUDE,LONGITUDE in degrees: 40.4168,-3.7038');
  }
  if (Math.abs(latitude ?? NaN) > 90) {
    const swapped = Math.abs(longitude ?? NaN) <= 90 ? ' Latitude comes first.' : '';
    throw new InvalidArgumentError(`Latitude ${latitude} is outside -90 to 90.${swapped}`);
  }
  if (Math.abs(longitude ?? NaN) > 180)
    throw new InvalidArgumentError(`Longitude ${longitude} is outside -180 to 180.`);
  return { latitude: latitude ?? 0, longitude: longitude ?? 0 };
}

/** `40.4168,-3.7038;40.42,-3.70`: one place after the other. */
export function parsePlaces(text: string): Place[] {
  return text
    .split(';')
    .filter((each) => each.trim() !== '')
    .map(parsePlace);
}

/** `country=ES,A1=Madrid,RD=Alcalá,HNO=42`: civic elements by name (RFC 5139, RFC 6848); a value may hold a comma. */
export function parseCivic(text: string): CivicAddress {
  const elements = text.split(/,(?=\s*[A-Za-z][A-Za-z0-9]*\s*=)/).map((part) => {
    const [, name, value] = /^\s*([A-Za-z][A-Za-z0-9]{0,31})\s*=(.*)$/su.exec(part) ?? [];
    if (name === undefined || value === undefined || value.trim() === '')
      throw new InvalidArgumentError(
        'An address is NAME=VALUE divided by commas: country=ES,A1=Madrid,RD=Alcalá,HNO=42',
      );
    return { name, value: value.trim() };
  });
  return { elements };
}

/** `sos.fire` is short for `urn:service:sos.fire`. */
export function parseService(text: string): string {
  return text.startsWith('urn:') ? text : `urn:service:${text}`;
}
