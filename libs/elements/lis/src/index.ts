export { PeerList, isCertificateName, isNetwork } from './peer-list.js';
export { type Chosen, type PurposeTimes, chooseLocation, waitOf } from './choose-location.js';
export { type Device, Devices, type ProvisionProblem } from './device.js';
export { type Provision, deviceOf, deviceSchema, provisionSchema } from './device-schema.js';
export { type Identified, type IdentifyRules, type Refusal, type Requester, identify } from './identify.js';
export { type LisConfig, lisConfigSchema } from './lis-config.js';
export { LIS, LisModule, lisModule } from './lis.module.js';
export { Lis, type LisPorts } from './lis.js';
export { startLis } from './start-lis.js';
