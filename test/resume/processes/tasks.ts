import type { ErrorCode, PhaseName, RoundParameters, Vector } from 'secagg'

/** Where each party can stop, to be killed there, in order. */
export const POINTS = [
  // while its session is being stored
  'before saving',
  'half of the file written',
  'file written',
  'file renamed',
  // afterwards
  'saved',
  'half a message sent',
  'message sent',
  'all sent',
] as const

/** Where a party stops. */
export type Point =
  | (typeof POINTS)[number]
  // a server only
  | 'half a slice stored'
  | 'half a vector folded'
  | 'collected'
  | 'removing masks'

/** What every party of a round is made of. */
export interface Setup {
  readonly parameters: RoundParameters
  /** Where the party keeps its files. */
  readonly folder: string
  /** By seat; active model only. */
  readonly publicKeys: readonly Uint8Array[]
}

/** To be done by the process of one client. */
export interface ClientTask extends Setup {
  readonly party: 'client'
  readonly seat: number
  readonly input: Vector
  readonly privateKey: Uint8Array | undefined
  /** A message to answer, or the start, or what was sent last, once more. */
  readonly act: Uint8Array | 'start' | 'resend'
  readonly stop?: Point | undefined
}

/** To be done by the process of the server of one round. */
export interface ServerTask extends Setup {
  readonly party: 'server'
  readonly messages: readonly (readonly [seat: number, bytes: Uint8Array])[]
  /** After so many messages a checkpoint is made. */
  readonly checkpointAfter?: number
  readonly close: boolean
  readonly stop?: Point | undefined
}

export type Task = ClientTask | ServerTask

/** How the server's process sees its round. */
export interface ServerView {
  readonly phase: PhaseName | undefined
  readonly waitingFor: readonly number[]
  readonly receipts: readonly string[]
  /** After the last round. */
  readonly sum?: Vector
  readonly survivors?: readonly number[]
}

/** What a process says, in this order: parts of messages, then how the task ended. */
export type Said = { readonly task: number } & (
  | { readonly part: Uint8Array; readonly seat: number; readonly last: boolean }
  | { readonly at: Point }
  | { readonly failed: ErrorCode | 'untyped' }
  | { readonly finished: ServerView | undefined }
)
