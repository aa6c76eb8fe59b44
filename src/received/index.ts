export {
  derivedFromServer,
  LIBRARY_VERSION,
  mindingVersion,
  requireAsDerived,
  requireConsistent,
  requireObject,
} from './derived.js'
export {
  atLeast,
  type CheckedRequirements,
  type CohortRequirements,
  checkedRequirements,
  keysOf,
  knownParts,
  type PrivacyRequirements,
  requireNumber,
  requirePrivacy,
  same,
  unmet,
} from './requirements.js'
