import { readFileSync } from 'node:fs';
import { bytesOf } from '@esinet/location';
import { layersOf, packAside } from '@esinet/element-ecrf';

/**
 * A process of its own that loads files as an ECRF does at its start, then reloads them while it answers, and tells the
 * parent what that cost. Arguments: the files.
 */
const files = process.argv.slice(2);
const plan = { source: 'ecrf.bench.example', layers: [{ files }] };
const policy = { source: plan.source, expiresMs: 1_000, maxVerticesByValue: 2_000, builtAt: 0 };

const started = performance.now();
let packed = await packAside(plan);
const loading = performance.now() - started;
let layers = layersOf(packed.sets, policy);
const problems = packed.problems.length;

/** Nanoseconds that this thread computed, where the system tells: others on the machine do not count. */
const computed = (): number => {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
};
let asked = 0;
let [longest, last] = [0, performance.now()];
let [busiest, spent] = [0, computed()];
const tick = setInterval(() => {
  const index = layers.services.get('urn:service:sos');
  for (let i = 0; i < 10; i += 1, asked += 1) index?.at([-10 + ((asked * 7) % 20_000) / 1_000, 40]);
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
  const own = computed();
  busiest = Math.max(busiest, own - spent);
  spent = own;
}, 1);
await new Promise((resolve) => setTimeout(resolve, 3_000));
const quiet = longest;
longest = 0;
busiest = 0;
const before = performance.now();
let swapping = 0;
for (let n = 0; n < 2; n += 1) {
  packed = await packAside(plan);
  const swap = performance.now();
  layers = layersOf(packed.sets, policy);
  swapping = Math.max(swapping, performance.now() - swap);
}
const reloading = (performance.now() - before) / 2;
await new Promise((resolve) => setTimeout(resolve, 1_000));
clearInterval(tick);
const bytes = packed.sets.reduce((sum, set) => sum + bytesOf(set.packed), 0);
const { rss } = process.memoryUsage();
process.send?.({ loading, reloading, swapping, quiet, longest, busiest, problems, asked, rss, bytes });
