import { type XmlElement, attribute, child } from '@esinet/xml';
import { HELD_REFERENCE_NS, type ReferenceWishes } from './messages.js';

/** Seconds and uses beyond are as good as these. */
const MOST = 2_147_483_647;

/** What a requester wants of its location URI. A wish that cannot be read is none: wishes never fail a request. */
export function readReferenceWishes(root: XmlElement): ReferenceWishes | undefined {
  const element = child(root, HELD_REFERENCE_NS, 'reference');
  if (!element) return undefined;
  const expires = wholeOf(attribute(element, 'expires'));
  const uses = wholeOf(attribute(element, 'uses'));
  const snapshot = attribute(element, 'snapshot')?.trim();
  const yes = snapshot === 'true' || snapshot === '1';
  const no = snapshot === 'false' || snapshot === '0';
  return {
    ...(expires === undefined ? {} : { expires: expires * 1_000 }),
    ...(uses === undefined ? {} : { uses }),
    ...(yes || no ? { snapshot: yes } : {}),
  };
}

function wholeOf(text: string | undefined): number | undefined {
  const bare = text?.trim() ?? '';
  if (!/^\d{1,12}$/.test(bare) || Number(bare) === 0) return undefined;
  return Math.min(Number(bare), MOST);
}
