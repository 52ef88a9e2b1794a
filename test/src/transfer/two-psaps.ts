import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ChatClient, openChat } from '@esinet/element-app';
import { bcfConfigSchema, startBcf } from '@esinet/element-bcf';
import { silentLogger } from '@esinet/kernel';
import { type RunningElement, ensureLabPki, labNames } from '@esinet/platform';
import { type OutsideProgram, freePorts, startProgram } from '@esinet/testing';

const main = fileURLToPath(new URL('../../../apps/psap/dist/main.js', import.meta.url));

export interface ShownMessage {
  readonly direction: 'in' | 'out';
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  readonly imported?: string;
  readonly delivery?: string;
}

export interface ShownChat {
  readonly phase: string;
  readonly callId: string;
  readonly messages: readonly ShownMessage[];
}

/** Seconds: as short as the schemas allow (TS 103 698 Annex A). */
const expirySeconds = 10;

/** A PSAP as a program of its own, over a data folder that outlives it. */
export class CentreProcess {
  #program: OutsideProgram | undefined;

  constructor(
    readonly name: string,
    readonly http: number,
    private readonly config: string,
    /** Folder of what it has stored. */
    readonly records: string,
  ) {}

  get uri(): string {
    return `sip:${this.name}@esinet.lab`;
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    const args = [main, '--config', this.config];
    this.#program = await startProgram(process.execPath, args, { port: this.http, readyWithinMs: 30_000 });
  }

  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#program = undefined;
  }

  get output(): string {
    return this.#program?.output() ?? '';
  }

  async get<T>(path: string): Promise<T | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.http}/${path}`);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return (
      answer.headers.get('content-type')?.includes('json') ? answer.json() : answer.text()
    ) as Promise<T>;
  }

  chat(callId: string): Promise<ShownChat | undefined> {
    return this.get(`api/chats/${encodeURIComponent(callId)}`);
  }

  /** Gives the HTTP status, 0 where nobody answers. */
  async act(callId: string, what: string, body: object): Promise<number> {
    try {
      const answer = await fetch(
        `http://127.0.0.1:${this.http}/api/chats/${encodeURIComponent(callId)}/${what}`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        },
      );
      await answer.text();
      return answer.status;
    } catch {
      return 0;
    }
  }
}

/** Two PSAPs in two processes behind one border; starts reach the first. */
export interface TwoPsaps {
  readonly madrid: CentreProcess;
  readonly toledo: CentreProcess;
  /** Folder of the lab's certificates. */
  readonly pki: string;
  app(): Promise<ChatClient>;
  close(): Promise<void>;
}

export async function startTwoPsaps(
  o: { readonly agreed?: boolean; readonly transfer?: Readonly<Record<string, unknown>> } = {},
): Promise<TwoPsaps> {
  if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
  const folder = await mkdtemp(join(tmpdir(), 'esinet-transfer-'));
  const pki = join(folder, 'pki');
  await ensureLabPki({
    folder: pki,
    names: [...labNames, { name: 'psap-b', domain: 'psap-b.esinet.internal' }],
  });
  const [sipA = 0, httpA = 0, sipB = 0, httpB = 0, outside = 0, inside = 0, border = 0] = await freePorts(7);
  const make = async (
    own: { name: string; certificate: string; sip: number; http: number },
    other: { name: string; sanUri: string; http: number },
  ): Promise<CentreProcess> => {
    const config = join(folder, `${own.name}.yaml`);
    // JSON is YAML.
    await writeFile(
      config,
      JSON.stringify({
        data: join(folder, own.name),
        pki: { folder: pki, name: own.certificate },
        log: { level: 'warn' },
        psap: {
          listeners: [
            { name: 'psap-udp', transport: 'udp', port: own.sip },
            { name: 'psap-tcp', transport: 'tcp', port: own.sip },
          ],
          http: { port: own.http },
          centres: [{ uri: `sip:${own.name}@psap.esinet.internal`, name: own.name }],
          acceptAny: false,
          defaultCentre: own.name,
          outboundProxy: `tcp:127.0.0.1:${inside}`,
          script: 'none',
          held: { allowedHosts: [] },
          transfer: {
            accept: 'auto',
            negotiation: `${expirySeconds} s`,
            execution: `${expirySeconds} s`,
            agreements:
              o.agreed === false
                ? []
                : [
                    {
                      name: other.name,
                      uris: [`sip:${other.name}@esinet.lab`, `sip:${other.name}@psap.esinet.internal`],
                      url: `https://127.0.0.1:${other.http}`,
                      sanUri: other.sanUri,
                    },
                  ],
            ...o.transfer,
          },
        },
      }),
    );
    return new CentreProcess(own.name, own.http, config, join(folder, own.name, 'psap'));
  };
  const madrid = await make(
    { name: 'madrid', certificate: 'psap', sip: sipA, http: httpA },
    { name: 'toledo', sanUri: 'sip:psap-b.esinet.internal', http: httpB },
  );
  const toledo = await make(
    { name: 'toledo', certificate: 'psap-b', sip: sipB, http: httpB },
    { name: 'madrid', sanUri: 'sip:psap.esinet.internal', http: httpA },
  );
  const bcf: RunningElement = await startBcf(
    bcfConfigSchema.parse({
      http: { port: border },
      public: { udp: outside, tcp: outside, tls: null },
      private: { udp: inside, tcp: inside, tls: null },
      esrp: [`tcp:127.0.0.1:${sipA}`],
      psaps: { madrid: [`tcp:127.0.0.1:${sipA}`], toledo: [`tcp:127.0.0.1:${sipB}`] },
      domains: {},
      defaultPsap: 'sip:madrid@psap.esinet.internal',
    }),
    { logger: silentLogger },
  );
  const apps: ChatClient[] = [];
  await Promise.all([madrid.start(), toledo.start()]);
  return {
    madrid,
    toledo,
    pki,
    async app() {
      const app = await openChat({
        service: 'urn:service:sos',
        from: `sip:caller${apps.length}@app.lab`,
        at: { lat: 40.41, lon: -3.7 },
        via: { transport: 'tcp', host: '127.0.0.1', port: outside },
      });
      apps.push(app);
      return app;
    },
    async close() {
      await Promise.all(apps.map((app) => app.close()));
      await Promise.all([madrid.kill(), toledo.kill()]);
      await bcf.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
