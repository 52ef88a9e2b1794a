import type { X509Certificate } from 'node:crypto';
import { messageOf } from '@esinet/kernel';
import { type TlsOptions, alternativeNames, certificatesIn, strengthProblem } from '@esinet/sip';
import { type Finding, fault, fine, warning } from './finding.js';

const dayMs = 86_400_000;
const soonDays = 30;
/** RFC 5280 4.2.1.12, RFC 5924 3 */
const serverAuth = '1.3.6.1.5.5.7.3.1';
const clientAuth = '1.3.6.1.5.5.7.3.2';
const forAny = ['2.5.29.37.0', '1.3.6.1.5.5.7.3.20'];

export interface CertificatePorts {
  /** Key, certificate and authorities of an element; rejects with a sentence that names the file. */
  read(name: string): Promise<TlsOptions>;
  /** The time of day, milliseconds. */
  readonly now: number;
}

/** Whether the certificates of these elements will be taken by others. RFC 5922, TS 103 698 6.1.1 */
export async function checkCertificates(
  elements: readonly { readonly name: string; readonly domain: string }[],
  ports: CertificatePorts,
): Promise<Finding[]> {
  const findings = elements.map(async ({ name, domain }): Promise<Finding[]> => {
    let tls: TlsOptions;
    try {
      tls = await ports.read(name);
    } catch (error) {
      const fix = 'Put the files there and let this user read them; "esinet pki init" makes those of a lab.';
      // What to do is said beside it.
      const [what = ''] = messageOf(error).split('; run "esinet');
      return [fault(`${name}: ${what}.`, fix)];
    }
    const chain = certificatesIn(tls.cert);
    const problems = problemsOf(name, domain, chain, certificatesIn(tls.ca), ports.now);
    const [leaf] = chain;
    if (problems.length > 0 || !leaf) return problems;
    const days = Math.floor((Date.parse(leaf.validTo) - ports.now) / dayMs);
    return [
      fine(
        `${name}: the certificate fits its key, is trusted, speaks for ${domain}, and has ${days} days left.`,
      ),
    ];
  });
  return (await Promise.all(findings)).flat();
}

function problemsOf(
  name: string,
  domain: string,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
  now: number,
): Finding[] {
  const [leaf] = chain;
  if (!leaf)
    return [fault(`${name}: ${name}.cert.pem holds no certificate.`, 'Put the certificate there, as PEM.')];
  const findings: Finding[] = [];
  const renew = `Have it issued again, and put ${name}.cert.pem in place: it is taken up without a restart.`;
  const ends = Date.parse(leaf.validTo);
  if (ends <= now) findings.push(fault(`${name}: the certificate expired on ${leaf.validTo}.`, renew));
  else if (ends - now < soonDays * dayMs)
    findings.push(warning(`${name}: the certificate expires on ${leaf.validTo}.`, renew));
  if (Date.parse(leaf.validFrom) > now)
    findings.push(
      fault(
        `${name}: the certificate is not valid before ${leaf.validFrom}.`,
        'Look at the clock first, then at the certificate.',
      ),
    );
  for (const each of authorities) {
    if (Date.parse(each.validTo) > now) continue;
    const what = `${name}: the authority ${oneLine(each.subject)} expired on ${each.validTo}.`;
    findings.push(fault(what, 'Replace it in ca.cert.pem or pki.trust; what it signed is refused by all.'));
  }
  if (!leadsToAuthority(chain, authorities))
    findings.push(
      fault(
        `${name}: no authority of ca.cert.pem or pki.trust has signed the certificate.`,
        `Add the certificates between to ${name}.cert.pem, or the authority to ca.cert.pem.`,
      ),
    );
  for (const each of chain) {
    const weak = strengthProblem(each);
    if (weak === undefined) continue;
    const fix = 'Use a key of RSA 2048 or P-256 at least, signed over SHA-256 (TS 103 698 6.1.1).';
    findings.push(fault(`${name}: ${oneLine(each.subject)} has a ${weak.replace('-', ' ')}.`, fix));
  }
  const { uris, dns } = alternativeNames(leaf.subjectAltName);
  const speaksFor = [...uris.map((uri) => uri.replace(/^sips?:/i, '')), ...dns].map((each) =>
    each.toLowerCase(),
  );
  if (!speaksFor.includes(domain.toLowerCase()))
    findings.push(
      warning(
        `${name}: the certificate speaks for ${speaksFor.join(', ') || 'no domain'}, not for ${domain}.`,
        `Peers that look for ${domain} refuse it (RFC 5922 7.1): have URI:sip:${domain} put into its subjectAltName.`,
      ),
    );
  // In node:crypto the extended usages.
  const usages = leaf.keyUsage as readonly string[] | undefined;
  const lacks =
    usages?.length && !usages.some((usage) => forAny.includes(usage))
      ? [serverAuth, clientAuth].filter((usage) => !usages.includes(usage))
      : [];
  if (lacks.length > 0)
    findings.push(
      fault(
        `${name}: the certificate may not be used as ${lacks.map((usage) => (usage === serverAuth ? 'server' : 'client')).join(' and ')}.`,
        'Both ends of a SIP connection show it: have serverAuth and clientAuth in its extended key usage.',
      ),
    );
  return findings;
}

function leadsToAuthority(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  let at = chain[0];
  for (let step = 0; at && step <= chain.length; step++) {
    const issuedBy = (each: X509Certificate): boolean => at!.checkIssued(each) && at!.verify(each.publicKey);
    if (authorities.some((each) => each.fingerprint256 === at!.fingerprint256 || issuedBy(each))) return true;
    at = chain.slice(1).find(issuedBy);
  }
  return false;
}

const oneLine = (subject: string): string => subject.replace(/\n/g, ', ');
