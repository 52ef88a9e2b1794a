export {};
// transport, location of servers, registrar
export {
  type Destination,
  type TransportName,
  defaultPort,
  hostPort,
  isReliable,
  isSecure,
  isTransportName,
} from './transport/destination.js';
export { SipTransportError, type SipTransportReason } from './transport/error.js';
export type { Flow, TlsPeer } from './transport/flow.js';
export {
  type InvalidMessage,
  type ListenerDescription,
  TransportLayer,
  type TransportLayerOptions,
} from './transport/layer.js';
export { type TransportLimits, defaultTransportLimits } from './transport/limits.js';
export type { ListenOptions } from './transport/listener.js';
export { type TlsOptions, sipIdentities } from './transport/tls.js';
