import { type SipMessage, parseNameAddr, parseUri } from '@esinet/sip';
import type { PsapAccept, PsapConfig, PsapScript } from './config.js';

/** One PSAP of those this process hosts. */
export interface Centre {
  /** User part of its URI: `madrid`. */
  readonly id: string;
  readonly uri: string;
  /** What the APP and other PSAPs are told: with the domain that the border puts there. */
  readonly publicUri: string;
  readonly name: string;
  readonly greeting: string;
  readonly script: PsapScript;
  readonly accept: PsapAccept;
}

export class Centres {
  readonly #listed = new Map<string, Centre>();

  constructor(private readonly config: PsapConfig) {
    for (const centre of config.centres) {
      const id = parseUri(centre.uri)?.user;
      if (id === undefined) continue;
      this.#listed.set(id, {
        id,
        uri: centre.uri,
        publicUri: this.#public(centre.uri),
        name: centre.name,
        greeting: (centre.greeting ?? config.greeting).replaceAll('{name}', centre.name),
        script: centre.script ?? config.script,
        accept: centre.accept ?? config.transfer.accept,
      });
    }
  }

  /** Undefined for a user part that is no centre here. */
  get(id: string): Centre | undefined {
    const listed = this.#listed.get(id);
    if (listed || !(this.config.acceptAny || id === this.config.defaultCentre)) return listed;
    return this.#unlisted(id);
  }

  get default(): Centre {
    const { defaultCentre: id } = this.config;
    return this.get(id) ?? this.#unlisted(id);
  }

  /** The centre that a URI of its public or its inner form means, if it is one of ours. */
  at(uri: string): Centre | undefined {
    const parsed = parseUri(uri);
    if (parsed?.user === undefined) return undefined;
    if (parsed.host !== this.config.domain && parsed.host !== this.config.publicDomain) return undefined;
    return this.get(parsed.user);
  }

  /** Whether it stands in the configuration, or is the default. */
  lists(id: string): boolean {
    return this.#listed.has(id) || id === this.config.defaultCentre;
  }

  get acceptsAny(): boolean {
    return this.config.acceptAny;
  }

  list(): Centre[] {
    const all = [...this.#listed.values()];
    return this.#listed.has(this.config.defaultCentre) ? all : [...all, this.default];
  }

  /**
   * The centre a request names: the user of the topmost Route if that is one of ours (RFC 3261 16.4: the ESRP leaves
   * the service URN in the Request-URI), else that of the Request-URI. Undefined if neither does.
   */
  of(request: SipMessage): Centre | undefined {
    const route = request.values('Route')[0];
    const named = route === undefined ? undefined : parseNameAddr(route)?.uri;
    return this.#named(named) ?? this.#named(request.requestUri);
  }

  #unlisted(id: string): Centre {
    const { domain, publicDomain, greeting, script, transfer } = this.config;
    return {
      id,
      uri: `sip:${id}@${domain}`,
      publicUri: `sip:${id}@${publicDomain}`,
      name: id,
      greeting: greeting.replaceAll('{name}', id),
      script,
      accept: transfer.accept,
    };
  }

  #public(uri: string): string {
    const parsed = parseUri(uri);
    if (parsed?.user === undefined || parsed.host !== this.config.domain) return uri;
    return `sip:${parsed.user}@${this.config.publicDomain}`;
  }

  #named(text: string | undefined): Centre | undefined {
    const uri = text === undefined ? undefined : parseUri(text);
    if (uri?.user === undefined || uri.host !== this.config.domain) return undefined;
    return this.get(uri.user);
  }
}
