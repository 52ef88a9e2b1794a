import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const esinet = fileURLToPath(new URL('../../../../apps/esinet/bin/esinet.js', import.meta.url));
const readyMs = 30_000;
/** Of what the lab writes, this much is kept. */
const maxOutput = 4_194_304;
const offsets = [16, 15, 14, 13, 12, 11, 10, 9];

/** A whole ESInet in a process of its own. */
export class LabProcess {
  output = '';
  /** Exit code or signal, once it has ended. */
  ended: number | string | undefined;

  private constructor(
    private readonly child: ChildProcess,
    readonly offset: number,
    private readonly folder: string,
  ) {
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString('utf8')).slice(-maxOutput);
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.once('exit', (code, signal) => {
      this.ended = code ?? signal ?? 'unknown';
    });
  }

  /** Takes the first block of ports that is free. @throws Error when there is none */
  static async start(): Promise<LabProcess> {
    let last = '';
    for (const thousands of offsets) {
      const lab = LabProcess.#spawn(thousands * 1_000);
      if (await lab.#ready()) return lab;
      last = lab.output;
      await lab.stop();
      if (!last.includes('in use')) break;
    }
    throw new Error(`the lab did not start: ${last.slice(-1_000) || 'it wrote nothing'}`);
  }

  static #spawn(offset: number): LabProcess {
    const folder = mkdtempSync(join(tmpdir(), 'esinet-fuzz-'));
    // All of it comes from one address, and every answer is looked at.
    writeFileSync(join(folder, 'esinet.yaml'), 'bcf: { abuse: { enabled: false } }\n');
    const args = [
      esinet,
      'up',
      '--port-offset',
      String(offset),
      '--data',
      folder,
      '--log-level',
      'warn',
      '--without',
      'handover',
    ];
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    process.once('exit', () => child.kill('SIGKILL'));
    return new LabProcess(child, offset, folder);
  }

  port(standard: number): number {
    return standard + this.offset;
  }

  /** Resident memory in megabytes; 0 where the system does not tell. */
  get residentMegabytes(): number {
    try {
      const status = readFileSync(`/proc/${this.child.pid}/status`, 'latin1');
      const line = status.split('\n').find((text) => text.startsWith('VmRSS:')) ?? '';
      return Math.round(Number.parseInt(line.slice(6), 10) / 1_024);
    } catch {
      return 0;
    }
  }

  async stop(): Promise<void> {
    const kill = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    this.child.kill('SIGTERM');
    while (this.ended === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    clearTimeout(kill);
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #ready(): Promise<boolean> {
    for (const until = Date.now() + readyMs; Date.now() < until && this.ended === undefined;) {
      if (this.output.includes('Ready')) return true;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return false;
  }
}
