import { type SipMessage, parseNameAddr, parseUri } from '@esinet/sip';
import type { PsapConfig, PsapScript } from './config.js';

/** One PSAP of those this process hosts. */
export interface Centre {
  /** User part of its URI: `madrid`. */
  readonly id: string;
  readonly uri: string;
  readonly name: string;
  readonly greeting: string;
  readonly script: PsapScript;
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
        name: centre.name,
        greeting: (centre.greeting ?? config.greeting).replaceAll('{name}', centre.name),
        script: centre.script ?? config.script,
      });
    }
  }

  /** Undefined for a user part that is no centre here. */
  get(id: string): Centre | undefined {
    const listed = this.#listed.get(id);
    if (listed || !(this.config.acceptAny || id === this.config.defaultCentre)) return listed;
    return {
      id,
      uri: `sip:${id}@${this.config.domain}`,
      name: id,
      greeting: this.config.greeting.replaceAll('{name}', id),
      script: this.config.script,
    };
  }

  get default(): Centre {
    const { defaultCentre: id, domain, greeting, script } = this.config;
    return (
      this.get(id) ?? {
        id,
        uri: `sip:${id}@${domain}`,
        name: id,
        greeting: greeting.replaceAll('{name}', id),
        script,
      }
    );
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

  #named(text: string | undefined): Centre | undefined {
    const uri = text === undefined ? undefined : parseUri(text);
    if (uri?.user === undefined || uri.host !== this.config.domain) return undefined;
    return this.get(uri.user);
  }
}
