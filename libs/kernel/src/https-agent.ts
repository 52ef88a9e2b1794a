import { Agent, type AgentOptions } from 'node:https';

/** What a client shows and believes, PEM texts: those in force, where they may be exchanged while the program runs. */
export interface HttpsCredentials {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Registers a callback for when they have become others; the returned function takes it back. */
  readonly onChanged?: (callback: () => void) => () => void;
}

/** Connections kept alive for HTTPS. New ones are made with the credentials of the day; those that stand live on. */
export class HttpsAgent extends Agent {
  readonly #unwatch: () => void;

  constructor(options: AgentOptions, credentials: HttpsCredentials = {}) {
    super({ ...options, ...texts(credentials) });
    this.#unwatch =
      credentials.onChanged?.(() => void Object.assign(this.options, texts(credentials))) ??
      (() => undefined);
  }

  override destroy(): void {
    this.#unwatch();
    super.destroy();
  }
}

function texts({ ca, cert, key }: HttpsCredentials): Pick<AgentOptions, 'ca' | 'cert' | 'key'> {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
  };
}
