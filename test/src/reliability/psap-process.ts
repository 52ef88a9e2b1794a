import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LevelRecords } from '@esinet/platform';
import { type OutsideProgram, freePorts, startProgram } from '@esinet/testing';

const main = fileURLToPath(new URL('../../../apps/psap/dist/main.js', import.meta.url));

export interface ShownMessage {
  readonly direction: 'in' | 'out';
  readonly messageId?: number;
  readonly messageType?: number;
  readonly text?: string;
  readonly delivery?: string;
}

/** The PSAP as a program of its own, over a data folder that outlives it. */
export class PsapProcess {
  #program: OutsideProgram | undefined;

  private constructor(
    readonly sip: number,
    readonly http: number,
    readonly data: string,
    private readonly ownsData: boolean,
    private readonly config: string,
    private readonly wrap: readonly string[],
  ) {}

  /** `wrap` is a command that runs the program: `['bash', '-c', 'ulimit …; exec "$@"', '-']`. */
  static async make(o: {
    readonly outbound: number;
    readonly data?: string;
    readonly wrap?: readonly string[];
    readonly psap?: Readonly<Record<string, unknown>>;
  }): Promise<PsapProcess> {
    if (!existsSync(main)) throw new Error(`${main} is missing: npm run build`);
    const [sip = 0, http = 0] = await freePorts(2);
    const folder = await mkdtemp(join(tmpdir(), 'esinet-psap-'));
    const data = o.data ?? join(folder, 'data');
    const config = join(folder, 'psap.yaml');
    // JSON is YAML.
    await writeFile(
      config,
      JSON.stringify({
        data,
        log: { level: 'warn' },
        psap: {
          listeners: [
            { name: 'psap-udp', transport: 'udp', port: sip },
            { name: 'psap-tcp', transport: 'tcp', port: sip },
          ],
          http: { port: http },
          outboundProxy: `udp:127.0.0.1:${o.outbound}`,
          held: { allowedHosts: [] },
          ...o.psap,
        },
      }),
    );
    return new PsapProcess(sip, http, data, o.data === undefined, config, o.wrap ?? []);
  }

  /** Resolves once it serves. */
  async start(): Promise<void> {
    const [command = '', ...args] = [...this.wrap, process.execPath, main, '--config', this.config];
    this.#program = await startProgram(command, args, { port: this.http, readyWithinMs: 120_000 });
  }

  /** Milliseconds of processor time since it was started, where the system tells. */
  async processorMs(): Promise<number | undefined> {
    try {
      const stat = await readFile(`/proc/${this.#program?.pid ?? 0}/stat`, 'latin1');
      const [, , , , , , , , , , , user, system] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // USER_HZ is 100 on every Linux.
      return (Number(user) + Number(system)) * 10;
    } catch {
      return undefined;
    }
  }

  get output(): string {
    return this.#program?.output() ?? '';
  }

  /** As a crash, or a loss of power without one of the disk. */
  async kill(): Promise<void> {
    await this.#program?.kill();
    this.#program = undefined;
  }

  async stop(): Promise<void> {
    await this.#program?.stop(10_000);
    this.#program = undefined;
  }

  async messages(chat: string): Promise<readonly ShownMessage[]> {
    const id = encodeURIComponent(`urn:emergency:uid:callid:${chat}:app.lab`);
    const answer = await fetch(`http://127.0.0.1:${this.http}/api/chats/${id}`);
    if (!answer.ok) throw new Error(`chat ${chat}: ${answer.status}`);
    return ((await answer.json()) as { messages: ShownMessage[] }).messages;
  }

  async readiness(): Promise<{ status: number; body: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.http}/readyz`);
    return { status: answer.status, body: await answer.text() };
  }

  /** Ends it and removes what it wrote. */
  async clear(): Promise<void> {
    await this.kill();
    await rm(join(this.config, '..'), { recursive: true, force: true });
    if (this.ownsData) await rm(this.data, { recursive: true, force: true });
  }
}

/** The requests as received that are in the records of an element that has ended, in no order. */
export async function rawRequests(folder: string): Promise<Buffer[]> {
  const records = await LevelRecords.open(folder);
  const found: Buffer[] = [];
  for (let after: string | undefined; ;) {
    const page = await records.list('messages', {
      limit: 500,
      ...(after !== undefined && { after }),
    });
    for (const { value } of page) {
      const { direction, raw } = value as { direction: string; raw?: string };
      if (direction === 'in' && raw !== undefined) found.push(Buffer.from(raw, 'base64'));
    }
    after = page.at(-1)?.key;
    if (page.length < 500) break;
  }
  await records.close();
  return found;
}
