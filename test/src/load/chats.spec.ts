import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const bench = fileURLToPath(new URL('../../../tools/bench/dist/main.js', import.meta.url));

interface Report {
  readonly open: { readonly app: number; readonly psap: number };
  readonly toPsap: { readonly said: number };
  readonly toApp: { readonly said: number };
  readonly heartbeats: { readonly in: number; readonly out: number };
  readonly verdict: readonly string[];
}

/** The short form of `npm run bench -- chats`, which has a thousand chats stand for five minutes. */
it(
  'a hundred chats at once, heartbeats both ways: nothing lost, doubled or out of order',
  { timeout: 120_000, meta: { clause: 'TS 103 698 6.2.5; TS 103 698 6.2.3' } },
  async () => {
    if (!existsSync(bench)) throw new Error('tools/bench is not built: npm run build');
    const o = ['--count', '100', '--seconds', '20', '--every', '3', '--heartbeat', '2000', '--rate', '100'];
    const child = spawn(process.execPath, [bench, 'chats', '--json', ...o], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const code = await new Promise((resolve) => child.on('exit', resolve));
    expect(output, said).not.toBe('');
    const report = JSON.parse(output) as Report;
    expect(report.verdict, said).toEqual([]);
    expect(report.open).toEqual({ app: 100, psap: 100 });
    expect(report.toPsap.said).toBeGreaterThan(500);
    expect(report.toApp.said).toBeGreaterThan(500);
    expect(report.heartbeats.in).toBeGreaterThan(500);
    expect(report.heartbeats.out).toBeGreaterThan(500);
    expect(code).toBe(0);
  },
);
