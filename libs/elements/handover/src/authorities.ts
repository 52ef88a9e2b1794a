import { type Result, err, ok } from '@esinet/kernel';
import { profileProblems } from '@esinet/handover';
import type { Records } from '@esinet/platform';
import type { Authority } from './model.js';

const collection = 'handover-authorities';

/** Why an authority cannot be onboarded as it is described. */
export function onboardingProblems(a: Authority): string[] {
  const problems = profileProblems(a.profile);
  if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(a.id))
    problems.push('id: expected small letters, digits and hyphens');
  if (!isHttps(a.deliveryUrl)) problems.push('deliveryUrl: expected an https URL');
  if (
    a.profile.binary === 'B' &&
    !(a.objectsUrl !== undefined && isHttps(a.objectsUrl) && a.objectsUrl.endsWith('/'))
  ) {
    problems.push('objectsUrl: for model B expected an https URL that ends with a slash');
  }
  if (a.certificates.length === 0)
    problems.push('certificates: none, so nobody could be told from a stranger');
  for (const fingerprint of a.certificates) {
    if (!/^[0-9a-f]{64}$/.test(fingerprint))
      problems.push('certificates: expected SHA-256 fingerprints, 64 small hexadecimal digits');
  }
  return problems;
}

/** Who was onboarded, in memory and on disk. Whether something is paused outlives a restart. */
export class Authorities {
  readonly #known = new Map<string, Authority & { readonly paused?: string }>();

  private constructor(private readonly records: Records) {}

  static async open(records: Records): Promise<Authorities> {
    const authorities = new Authorities(records);
    for (const { value } of await records.list(collection)) {
      const authority = value as Authority;
      authorities.#known.set(authority.id, authority);
    }
    return authorities;
  }

  get(id: string): Authority | undefined {
    return this.#known.get(id);
  }

  all(): (Authority & { readonly paused?: string })[] {
    return [...this.#known.values()];
  }

  /** The one that shows this certificate. */
  byCertificate(fingerprint: string): Authority | undefined {
    return this.all().find(({ certificates }) =>
      certificates.includes(fingerprint.toLowerCase().replaceAll(':', '')),
    );
  }

  isPaused(id: string): boolean {
    return this.#known.get(id)?.paused !== undefined;
  }

  async onboard(authority: Authority): Promise<Result<undefined, string[]>> {
    const problems = onboardingProblems(authority);
    // Two who show one certificate could fetch what is for the other.
    for (const fingerprint of authority.certificates) {
      const other = this.byCertificate(fingerprint);
      if (other && other.id !== authority.id)
        problems.push(`certificates: one of them is that of ${other.id}`);
    }
    if (problems.length > 0) return err(problems);
    await this.#put(authority);
    return ok(undefined);
  }

  /** With a reason: nothing more leaves for it. Without: it goes on. */
  async pause(id: string, reason: string | undefined): Promise<void> {
    const known = this.#known.get(id);
    if (!known) return;
    const { paused: _, ...authority } = known;
    await this.#put({ ...authority, ...(reason !== undefined && { paused: reason }) });
  }

  async #put(authority: Authority & { readonly paused?: string }): Promise<void> {
    await this.records.put(collection, authority.id, authority);
    this.#known.set(authority.id, authority);
  }
}

function isHttps(text: string): boolean {
  try {
    return new URL(text).protocol === 'https:';
  } catch {
    return false;
  }
}
