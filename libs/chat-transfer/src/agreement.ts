/** What two authorities settled about chats of each other. Configuration: psap.transfer.agreements. */
export interface Agreement {
  readonly name: string;
  /** SIP URIs of the peer's PSAPs, or `sip:*@domain` for all of a domain. */
  readonly uris: readonly string[];
  /** https base of its HTTP-3, without `/chat-transfer`. */
  readonly url: string;
  /** URI that its certificate has among its names, as client and as server: `sip:psap.esinet.internal`. */
  readonly sanUri?: string;
  /** What is allowed: `transfer` and `redirect` to them, `receive` from them. */
  readonly may: readonly ('transfer' | 'redirect' | 'receive')[];
}

/** Whether the agreement covers a PSAP. The user part is compared as written, the host without its case. */
export function covers(agreement: Pick<Agreement, 'uris'>, uri: string): boolean {
  const asked = userAndHost(uri);
  if (!asked) return false;
  return agreement.uris.some((entry) => {
    const known = userAndHost(entry);
    return (
      known !== undefined && known.host === asked.host && (known.user === '*' || known.user === asked.user)
    );
  });
}

/** The agreement under which a PSAP is a peer. */
export function agreementOfUri<A extends Pick<Agreement, 'uris'>>(
  agreements: readonly A[],
  uri: string,
): A | undefined {
  return agreements.find((agreement) => covers(agreement, uri));
}

/** The agreement of whoever showed a certificate with these names (`URI:sip:…`, `DNS:…`). */
export function agreementOfNames<A extends Pick<Agreement, 'sanUri'>>(
  agreements: readonly A[],
  names: readonly string[],
): A | undefined {
  const shown = new Set(names.map((name) => name.toLowerCase()));
  return agreements.find(
    ({ sanUri }) => sanUri !== undefined && sanUri !== '' && shown.has(`uri:${sanUri.toLowerCase()}`),
  );
}

/** Without scheme, parameters and headers; angle brackets are put up with. */
function userAndHost(uri: string): { readonly user: string; readonly host: string } | undefined {
  const bare = uri.trim().startsWith('<') ? uri.trim().slice(1).split('>')[0] : uri.trim();
  const colon = bare?.indexOf(':') ?? -1;
  if (bare === undefined || colon < 0) return undefined;
  const scheme = bare.slice(0, colon).toLowerCase();
  if (scheme !== 'sip' && scheme !== 'sips') return undefined;
  const rest = bare.slice(colon + 1);
  const at = rest.indexOf('@');
  const host = (at < 0 ? rest : rest.slice(at + 1)).split(';')[0]?.split('?')[0]?.toLowerCase() ?? '';
  return host === '' ? undefined : { user: at < 0 ? '' : rest.slice(0, at), host };
}
