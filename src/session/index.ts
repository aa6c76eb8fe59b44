export { ClientSession, type ClientSessionOptions } from './client-session.js'
export type { SessionInput } from './input.js'
export type { Refusal, RoundCount, RoundReport, WrongShare } from './report.js'
export {
  type Receipt,
  type RoundOutcome,
  ServerSession,
  type ServerSessionOptions,
} from './server-session.js'
export type { SliceStore } from './slice-store.js'
export type { InputSource } from './sliced-input.js'
