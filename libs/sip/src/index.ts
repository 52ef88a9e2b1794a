// codec
export { type SipLimits, defaultSipLimits, unlimited } from './codec/limits.js';
export type { CSeq } from './codec/cseq.js';
export { SipMessage } from './codec/sip-message.js';
export type { Parsed } from './codec/parsed.js';
export { parseDatagram, parseFrame } from './codec/datagram.js';
export { StreamFramer } from './codec/stream-framer.js';
export type { Params } from './codec/params.js';
export { type Uri, parseUri, sameUri } from './codec/uri.js';
export { type HostPort, isIpv4, isIpv6, parseHostPort } from './codec/host.js';
export { type NameAddr, parseNameAddr } from './codec/name-addr.js';
export { type Via, parseVia } from './codec/via.js';
export { type MediaType, parseMediaType } from './codec/media-type.js';
export { splitList } from './codec/header-list.js';
export {
  type RequestFlaw,
  type UserAgentAbilities,
  checkForUserAgent,
  checkRequest,
  unknownExtensions,
} from './codec/check-request.js';
export { checkResponse } from './codec/check-response.js';
export { type HeaderEdit, editMessage } from './codec/edit.js';
export { type HeaderLine, buildRequest, buildResponse } from './codec/build.js';
export { reasonPhrase, reasonPhrases } from './codec/reason-phrases.js';
export { type BodyLimits, type BodyPart, defaultBodyLimits } from './body/body-part.js';
export { bodyPartOf, readBodyParts } from './body/read-multipart.js';
export { writeMultipart } from './body/write-multipart.js';
export {
  CertificateCache,
  type CertificateCacheOptions,
  type KnownCertificate,
} from './identity/certificate-cache.js';
export {
  type IdentityContext,
  type IdentityLabel,
  type IdentityReason,
  verifyIdentity,
  verstatOf,
} from './identity/verify-identity.js';
export {
  type EmergencySource,
  emergencySourceValue,
  isEmergencySource,
  isSourceId,
  readEmergencySource,
} from './identity/emergency-source.js';
export { type Retarget, historyInfo, sipReason } from './history/history-info.js';
export { esnetValues, priorityCapabilities, resourcePriorityTag } from './priority/resource-priority.js';

// transport, location of servers, registrar
export {
  type Destination,
  type TransportName,
  defaultPort,
  hostPort,
  isReliable,
  isSecure,
  isTransportName,
  type Fallback,
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
export { type TlsOptions, serverCredentials, shownBy } from './transport/tls.js';
export { certificatesIn, revokedName } from './transport/certificate-path.js';
export { strengthProblem } from './transport/certificate-strength.js';
export type { TlsEvent } from './transport/tls-guard.js';
export { type AlternativeNames, alternativeNames, sipIdentities } from './transport/tls-names.js';
export { type TlsPeerRule, isPinned } from './transport/tls-peer-rule.js';
export { type TlsRule, tlsRuleOf } from './transport/tls-rule.js';
export { type TlsTrust, judge } from './transport/tls-verdict.js';
export { type ResponseRoute, receivedVia, responseRoute } from './transport/via-route.js';
export { type AddressRecord, type DnsPort, type NaptrRecord, type SrvRecord, nodeDns } from './locate/dns.js';
export type { HostTableEntry } from './locate/host-table.js';
export { type LocateLimits, defaultLocateLimits } from './locate/limits.js';
export { type ServerLocator, type ServerLocatorOptions, serverLocator } from './locate/server-locator.js';

// transactions, proxy core, user agent core
export { createSipStack, type SipStack, type SipStackOptions } from './stack.js';
export { type SipTimers, defaultTimers, sipTimers } from './transaction/timers.js';
export { type TransactionLimits, defaultTransactionLimits } from './transaction/limits.js';
export type { ResponseDescription, ServerTransaction } from './transaction/server-transaction.js';
export type {
  ClientFailure,
  ClientTransaction,
  ClientTransactionEvents,
  Compose,
} from './transaction/client-transaction.js';
export {
  type ClientRequest,
  type NotAdmitted,
  type TransactionCounters,
  TransactionLayer,
  type TransactionLayerOptions,
} from './transaction/transaction-layer.js';
export { type TransactionTable, mapTable } from './transaction/transaction-table.js';
export type { TransactionTransport } from './transaction/transport-port.js';
export type { RequestLocator } from './transaction/locator-port.js';
export type { WireEvent, WireMeter } from './transaction/wire-event.js';
export { ProxyCore, type ProxyCoreOptions } from './proxy/proxy-core.js';
export type { DialogWay, InDialog } from './proxy/dialog-seal.js';
export { defaultProxyTimes, retriable } from './proxy/proxy-settings.js';
export { wayFailed } from './proxy/way-failed.js';
export type {
  ForwardDecision,
  ForwardOutcome,
  ForwardTarget,
  TriedTarget,
  OwnAnswer,
  RouteDecision,
  FailedTarget,
} from './proxy/route-decision.js';
export { type UacOutcome, type UacRequest, UserAgent, type UserAgentOptions } from './ua/user-agent.js';
export type { Credentials } from './ua/challenge.js';
export { type Binding, type BindingStore, memoryBindings } from './registrar/binding.js';
export {
  DigestAuthenticator,
  type DigestAuthenticatorOptions,
  type DigestLimits,
  type DigestVerdict,
  defaultDigestLimits,
} from './registrar/digest-authenticator.js';
export { type DigestAnswerOptions, answerDigest, strongestChallenge } from './registrar/digest.js';
export {
  Registrar,
  type RegistrarAnswer,
  type RegistrarLimits,
  type RegistrarOptions,
  defaultRegistrarLimits,
} from './registrar/registrar.js';
export {
  MemoryNetwork,
  type MemoryNetworkOptions,
  MemoryTransport,
  type Packet,
} from './transport/memory-network.js';
export type { UasAnswer } from './ua/uas-answer.js';

// overload control, RFC 7339
export type { Admission, Refusal } from './overload/admission.js';
export { type LoadClass, loadClasses } from './overload/load-class.js';
export { LatencyLimiter, type LimiterSettings } from './overload/latency-limiter.js';
export { type HopGuard, Signalling, type SignallingSettings } from './overload/signalling.js';
export {
  type Door,
  OverloadControl,
  type OverloadControlOptions,
  type OverloadSettings,
  defaultOverloadSettings,
} from './overload/overload-control.js';
export { UnreadStarts, type UnreadStartsOptions } from './overload/unread-starts.js';
export type { Doorkeeper } from './transport/doorkeeper.js';

// event packages, RFC 6665
export type {
  AskedSubscription,
  EventPackage,
  NotifierSubscription,
  NotifySource,
  RefreshVerdict,
  SubscribeVerdict,
} from './events/event-package.js';
export { type EventHeader, eventOf, parseEvent } from './events/event-header.js';
export { Notifier, type NotifierOptions } from './events/notifier.js';
export { type NotifierLimits, defaultNotifierLimits } from './events/limits.js';
export type { NotifyCause } from './events/notifier-machine.js';
export type { RatePolicy, Rates } from './events/rates.js';
export {
  EventSubscriber,
  type EventSubscription,
  type SubscribeRequest,
  type SubscriberOptions,
} from './events/subscriber.js';
export type { SubscriptionEnd } from './events/subscriber-machine.js';
export {
  type SubscriptionState,
  type TerminationReason,
  parseSubscriptionState,
} from './events/subscription-state.js';
export { type Sleeper, WakeQueue } from './events/wake-queue.js';
