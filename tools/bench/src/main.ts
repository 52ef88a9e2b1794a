import { chatBench } from './chats/bench.js';
import { indexBench } from './ecrf/index-bench.js';
import { ecrfBench } from './http/ecrf-bench.js';
import { lisBench } from './http/lis-bench.js';
import type { LookupBenchOptions } from './http/lookup-bench.js';
import { overloadBench } from './overload/bench.js';
import { policyBench } from './policy/bench.js';
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
answered by 200.

npm run bench -- chats [--count N] [--minutes N | --seconds N] [--every S] [--heartbeat MS] [--rate N] [--listeners N] [--growth MB] [--json]

  chats  chats with heartbeats both ways against an ESInet in one process, through its border, over UDP and TCP by turns.
         At the end every text that was answered 200 has to be in the record of its chat once and in order, and every
         text of a centre with its caller. Memory, CPU and event loop delay of the ESInet every 10 s

  --count N       chats at once (1000)
  --minutes N     how long they stand (5); or --seconds N
  --every S       seconds between two texts of one caller (30); the centre answers each
  --heartbeat MS  between two heartbeats of each side (15000)
  --rate N        starts a second (40)
  --listeners N   readers of the event stream (3); each has to be told of every text once
  --growth MB     growth of the memory in a minute that still counts as none, by least squares over the last three (8)
  --json          the report as JSON; what else there is to say goes to the standard error

Ends with 1 where a message was lost, doubled or out of order, a chat did not stand, or the memory grew.

npm run bench -- ecrf|lis [--pairs N] [--seconds N] [--warm-up N] [--connections N] [--json] [--profile FOLDER]

  ecrf   findService over HTTP keep-alive at the ECRF of the lab's Spanish set: read, decided and answered fully
  lis    dereference of location URIs, and locationRequest by identity, over HTTP keep-alive

         Each beside a bare node:http server in the same run that echoes the same bytes, or where the answer is much
         longer than the question, sends the same answer. One request under way on each connection

  --pairs N        rounds of each, one after the other, the order turned round every other time (5)
  --seconds N      of a round (3)
  --warm-up N      seconds before them that do not count (1), and 40000 answers before the first of a server
  --connections N  (32)
  --profile FOLDER writes a CPU profile of the element there (node --cpu-prof), at the price of its speed
  --json           the report as JSON; what else there is to say goes to the standard error

The server has core 1, the far side core 0, if taskset is there; CPU comes from /proc, so Linux only. On a machine that
does other things the ratio of CPU is the one to look at. Ends with 1 where an answer was not the one expected.

npm run bench -- overload [--seconds N] [--times N] [--chats N] [--chat-every MS] [--flood N] [--only overload|flood] [--json]

  overload  border and router before a PSAP that answers 200. First what they can do without overload control; then so
            many times that, whatever comes back, beside chats that run; then a little less than they can do. And one
            source that is far too loud, beside 20 quiet ones of other addresses

  --seconds N     of the overload, and of the flood (60)
  --times N       the capacity (10)
  --chats N       that run (300)
  --chat-every MS between two messages of one of them (5000)
  --flood N       starts a second of the loud source (5000)
  --only WHAT     overload or flood; else both
  --json          the report as JSON; what else there is to say goes to the standard error

Border and router have core 1 (with more than two cores the router has core 2), the far side core 0, if taskset is there.
Callers do not repeat what gets no answer; running chats and quiet sources do, as SIP over UDP says. Ends with 1 where
something was answered 200 that has not arrived.

npm run bench -- ecrf --index [--boundaries N] [--vertices N] [--no-reload]

  ecrf --index  the boundary index: a made-up country and real maps beside turf, what the largest questions cost, and
                the longest stall while a new set is read in a thread

  --boundaries N  of the country (5000)
  --vertices N    of each (2048)
  --no-reload     without the part that writes the country to disk (half a gigabyte) and reads it again

npm run bench -- policy [--rules N] [--calls N] [--json]

  policy  milliseconds to evaluate route policies to their last rule, by kind of condition, each rule with another one

  --rules N  of the policy (1000)
  --calls N  evaluated (2000)

Ends with 1 where half of the calls take more than a millisecond.`;

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
} else if (what === 'chats' && !args.includes('--help')) {
  process.exitCode = await chatBench({
    count: number(args, '--count', 1_000),
    seconds: args.includes('--seconds') ? number(args, '--seconds', 300) : number(args, '--minutes', 5) * 60,
    everySeconds: number(args, '--every', 30),
    heartbeatMs: number(args, '--heartbeat', 15_000),
    rate: number(args, '--rate', 40),
    listeners: number(args, '--listeners', 3),
    growthMbPerMinute: number(args, '--growth', 8),
    json: args.includes('--json'),
  });
} else if (what === 'overload' && !args.includes('--help')) {
  const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined;
  process.exitCode = await overloadBench({
    seconds: number(args, '--seconds', 60),
    times: number(args, '--times', 10),
    chats: number(args, '--chats', 300),
    chatEveryMs: number(args, '--chat-every', 5_000),
    flood: number(args, '--flood', 5_000),
    only: only === 'overload' || only === 'flood' ? only : undefined,
    json: args.includes('--json'),
  });
} else if (what === 'ecrf' && args.includes('--index') && !args.includes('--help')) {
  process.exitCode = await indexBench({
    boundaries: number(args, '--boundaries', 5_000),
    vertices: number(args, '--vertices', 2_048),
    reload: !args.includes('--no-reload'),
  });
} else if (what === 'policy' && !args.includes('--help')) {
  process.exitCode = policyBench({
    rules: number(args, '--rules', 1_000),
    calls: number(args, '--calls', 2_000),
    json: args.includes('--json'),
  });
} else if ((what === 'ecrf' || what === 'lis') && !args.includes('--help')) {
  process.exitCode = await (what === 'ecrf' ? ecrfBench : lisBench)(lookupOptions());
} else {
  process.stdout.write(`${help}\n`);
  process.exitCode = [
    undefined,
    'sip',
    'chats',
    'overload',
    'ecrf',
    'lis',
    'policy',
    '--help',
    '-h',
  ].includes(what)
    ? 0
    : 2;
}

function lookupOptions(): LookupBenchOptions {
  return {
    pairs: number(args, '--pairs', 5),
    seconds: number(args, '--seconds', 3),
    warmUp: number(args, '--warm-up', 1),
    connections: number(args, '--connections', 32),
    json: args.includes('--json'),
    profile: args.includes('--profile') ? args[args.indexOf('--profile') + 1] : undefined,
  };
}
