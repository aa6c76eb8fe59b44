export { derivedFromServer, requireAsDerived, requireConsistent, requireObject } from './derived.js'
export { keysOf, knownParts } from './known-parts.js'
export {
  atLeast,
  type CheckedRequirements,
  type CohortRequirements,
  checkedRequirements,
  type PrivacyRequirements,
  requireNumber,
  requirePrivacy,
  same,
  unmet,
} from './requirements.js'
export { LIBRARY_VERSION, mindingVersion } from './version.js'
