import type { Centre } from '../centre.js';
import type { PsapConfig } from '../config.js';

/** The predefined texts of 6.2.6 and 6.2.7, with the name of the centre in them. */
export function fixedText(
  config: PsapConfig,
  which: keyof PsapConfig['transfer']['texts'],
  centre: Pick<Centre, 'name'>,
): string {
  return config.transfer.texts[which].replaceAll('{name}', centre.name);
}
