export { type ProviderConfig, providerConfigSchema } from './config.js';
export { providerModule, startProvider } from './provider.module.js';
export type { ProviderPolicy, Sender } from './policy.js';
export {
  type ProviderContext,
  type ProviderRouted,
  type ReachableBinding,
  routeAtProvider,
} from './provider-route.js';
