import { sipBench } from './sip/bench.js';

const help = `npm run bench -- sip [--udp] [--tcp] [--pairs N] [--messages N] [--window N]

  sip    CPU microseconds a 2.5 kB MESSAGE of the BCF alone, beside Kamailio in the same run

Run it on a machine that does nothing else. Linux only: CPU comes from /proc.`;

function number(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name);
  return at < 0 ? otherwise : Number(args[at + 1]);
}

const [what, ...args] = process.argv.slice(2);
if (what === 'sip') {
  const asked = (['udp', 'tcp'] as const).filter((transport) => args.includes(`--${transport}`));
  process.exitCode = await sipBench({
    transports: asked.length ? asked : ['udp', 'tcp'],
    pairs: number(args, '--pairs', 3),
    messages: number(args, '--messages', 60_000),
    warmUp: number(args, '--warm-up', 30_000),
    window: number(args, '--window', 100),
  });
} else {
  process.stdout.write(`${help}\n`);
  process.exitCode = what && what !== '--help' ? 2 : 0;
}
