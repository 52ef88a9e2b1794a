export { type EsinetConfig, esinetConfigSchema } from './config.js';
export {
  type ElementName,
  type EsinetOptions,
  type RunningEsinet,
  type WireEvent,
  elementNames,
  startEsinet,
  startLabEsinet,
} from './esinet.js';
export { type CheckName, checkNames } from './doctor/check-names.js';
export { type Examined, type ExamineOptions, examine } from './doctor/examine.js';
export { LAB_ATTRIBUTION, LAB_PSAPS, labBoundaries } from './lab/lab-boundaries.js';
export { labDevices } from './lab/lab-devices.js';
export { shiftPorts } from './shift-ports.js';
export {
  type RoamingOptions,
  type RunningRoaming,
  type SiteName,
  startRoaming,
} from './lab/roaming/start-roaming.js';
