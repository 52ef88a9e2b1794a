import type { RecordWrite, Records } from '@esinet/platform';
import type { IntakeProblem } from './intake.js';
import type { Authorisation, HandoverCase } from './model.js';
import type { CaseVault } from './vault/case-vault.js';

const collection = 'handover-references';

/**
 * A reference belongs to one case. Numbers of chats and objects are unique within it (TS 103 707 5.3.2), also when the case
 * is long closed and its numbers are forgotten. Of a rejected one nothing was ever sent.
 */
export class CaseReferences {
  constructor(
    private readonly records: Records,
    private readonly vault: CaseVault,
  ) {}

  async problems(a: Pick<Authorisation, 'authority' | 'reference'>): Promise<IntakeProblem[]> {
    const taken = await this.records.get(collection, keyOf(a));
    if (taken === undefined) return [];
    const c = await this.vault.get(String(taken));
    if (c?.phase === 'rejected' && c.levels === undefined) return [];
    return [{ member: 'reference', message: 'has a case already' }];
  }

  /** To be stored together with the case. */
  taking({ id, authorisation }: HandoverCase): RecordWrite[] {
    return [{ kind: 'put', collection, key: keyOf(authorisation), value: id }];
  }
}

function keyOf({ authority, reference }: Pick<Authorisation, 'authority' | 'reference'>): string {
  // An LDID may be longer than a key.
  return `${authority}/${reference.kind}/${reference.value.slice(0, 120)}`;
}
