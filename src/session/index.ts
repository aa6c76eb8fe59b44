export type { WrongShare } from '../protocol/server/index.js'
export { ClientSession } from './client-session.js'
export type { ClientSessionEvent, ServerSessionEvent } from './events.js'
export type { InputSource, SessionInput } from './input.js'
export { beforeVector, type MessageLimits, messageLimits } from './message-limits.js'
export type { PhaseCount, Refusal, RoundReport } from './report.js'
export type { ClaimSession, SaveSession } from './saved/saved-client.js'
export { ServerSession } from './server-session.js'
export {
  type PhaseOutcome,
  type Receipt,
  type ServerSessionOptions,
  type SumSink,
  UPLOADS,
} from './serving-options.js'
export type { ClientSessionOptions, ResumedClientOptions } from './session-options.js'
