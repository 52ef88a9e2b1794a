export * from './policy-verdict.js';
export * from './routing-facts.js';
export type { Action } from './action.js';
export type { Condition } from './condition.js';
export { type Policy, type PolicyRule, type PolicyType, nameOfPolicy, policyTypes } from './policy.js';
export { type PolicyProblem, formatPolicyProblem } from './policy-problem.js';
export { type PolicyLimits, type ReadPolicyOptions, defaultPolicyLimits, readPolicy } from './read-policy.js';
export { type PolicyKey, readPolicyKey } from './jws.js';
export { MAX_POLICY_DEPTH, type PolicySet, policySet } from './policy-set.js';
export { DEFAULT_MAX_TRAIL, type EvaluateOptions, evaluatePolicies } from './evaluate.js';
export {
  type FilesPlan,
  type ReadFiles,
  listPolicyFiles,
  readPolicyFiles,
  readPolicyFilesByTurns,
  readPolicyKeyFile,
} from './policy-files.js';
export { type RequestDescription, describedRequest, readSipRequest } from './described-request.js';
// What a policy may ask of states, for those who make them up to try a policy.
export {
  type KnownStates,
  type SecurityPosture,
  type ServiceStateValue,
  elementStates,
  queueStates,
  securityPostures,
  serviceStates,
} from '@esinet/states';
