export { type FuzzReport, fuzzCodec } from './codec-fuzz.js';
export { codecSeeds } from './codec-seeds.js';
export { mutate, seededRandom } from './mutate.js';
