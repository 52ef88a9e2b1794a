export { type BcfConfig, bcfConfigSchema } from './config.js';
export { bcfModule, startBcf } from './bcf.module.js';
export type { BorderPolicy, Peer, PeerPolicy, Source } from './policy.js';
export { type EmergencyTarget, emergencyTarget } from './emergency-target.js';
export { type ClassifyContext, type Traffic, classify } from './classify.js';
export { type ChatBinding, type ChatFlow, type Remembrance, promoted, rebind } from './chat-flow.js';
export {
  type ChatKey,
  type NextHops,
  type ScreenContext,
  type Screening,
  chatKeyOf,
  screen,
} from './screen.js';
