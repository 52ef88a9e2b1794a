import { sipBench } from './sip/bench.js';

const help = `npm run bench -- sip [--udp] [--tcp] [--pairs N] [--messages N] [--warm-up N] [--window N]

  sip    CPU microseconds a 2.5 kB MESSAGE (the start of a chat) of the BCF alone, screening in full, beside Kamailio's
         stateful relay in the same run where Kamailio is installed

  --udp --tcp     only over that transport; else both
  --pairs N       rounds of each, one after the other, the order turned round every other time (3)
  --messages N    messages measured in a round (60000)
  --warm-up N     messages before them that are not (30000)
  --window N      messages under way at once (100)

Run it on a machine that does nothing else: the ratio of a pair says more than the figures. Linux only: CPU comes from
/proc. The measured program has core 1, the far side core 0, if taskset is there. Ends with 1 where a message was not
answered by 200.`;

function number(args: readonly string[], name: string, otherwise: number): number {
  const at = args.indexOf(name);
  if (at < 0) return otherwise;
  const value = Number(args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  process.stderr.write(`${name} needs a whole number above 0\n`);
  process.exit(2);
}

const [what, ...args] = process.argv.slice(2);
if (what === 'sip' && !args.includes('--help')) {
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
  process.exitCode = what === undefined || what === 'sip' || what === '--help' || what === '-h' ? 0 : 2;
}
