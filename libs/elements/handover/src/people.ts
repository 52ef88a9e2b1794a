import { createHash, timingSafeEqual } from 'node:crypto';
import type { DeskPerson } from './handover-config.js';
import type { Person } from './model.js';

/** Who may use the desk, known by the digests of their tokens. */
export class People {
  readonly #known: readonly { readonly person: Person; readonly digest: Buffer }[];

  constructor(people: readonly DeskPerson[]) {
    this.#known = people.map(({ name, roles, tokenSha256 }) => ({
      person: { name, roles },
      digest: Buffer.from(tokenSha256, 'hex'),
    }));
  }

  /** By `Authorization: Bearer TOKEN`. Takes the same time whoever it is, or nobody. */
  by(authorization: string | undefined): Person | undefined {
    const token = /^Bearer +([\x21-\x7e]{1,512}) *$/i.exec(authorization ?? '')?.[1] ?? '';
    const digest = createHash('sha256').update(token).digest();
    let found: Person | undefined;
    for (const each of this.#known) {
      if (timingSafeEqual(each.digest, digest) && token !== '') found = each.person;
    }
    return found;
  }
}
