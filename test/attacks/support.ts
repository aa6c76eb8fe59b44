import { sha256 } from '@noble/hashes/sha2.js'
import {
  type ErrorCode,
  type Fault,
  type PhaseName,
  type Receipt,
  type RoundConfig,
  SecAggError,
} from 'secagg'
import { expect } from 'vitest'
import {
  type AdvertiseKeys,
  advertiseKeysCoder,
  type ConsistencyCheck,
  type ConsistencySignatures,
  consistencyCheckCoder,
  consistencySignaturesCoder,
  decodeMessage,
  encodeMessage,
  type ForwardedShares,
  forwardedSharesCoder,
  type MessageType,
  type PublishedKeys,
  publishedKeysCoder,
  type ShareKeys,
  type Survivors,
  shareKeysCoder,
  survivorsCoder,
  type UnmaskingShares,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { type Cohort, type CohortOptions, type CohortRun, makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'

/** Five clients; the thresholds are then 3 and 4. */
export const CURIOUS = { clients: 5, adversary: 'honest-but-curious' } as const
export const ACTIVE = { clients: 5, adversary: 'active' } as const
export const MODELS: readonly (typeof CURIOUS | typeof ACTIVE)[] = [CURIOUS, ACTIVE]

/** What a refusal must say; seats that are not named here must not be named there either. */
export interface Expected {
  readonly code: ErrorCode
  readonly fault: Fault
  readonly phase: PhaseName | undefined
  readonly culprits?: readonly number[]
  readonly concerning?: readonly number[]
}

/** The attempt fails with this typed error and no other. */
export async function expectRefusal(attempt: Promise<unknown>, expected: Expected): Promise<SecAggError> {
  const outcome: unknown = await attempt.then(
    () => 'nobody refused',
    (error: unknown) => error,
  )
  return expectError(outcome, expected)
}

/** The server has refused a message for this reason. */
export function expectRefused(receipt: Receipt, expected: Expected): SecAggError {
  return expectError(receipt.status === 'refused' ? receipt.error : receipt, expected)
}

export function expectError(error: unknown, expected: Expected): SecAggError {
  expect(error).toMatchObject({ culprits: [], concerning: [], ...expected })
  expect(error).toBeInstanceOf(SecAggError)
  return error as SecAggError
}

/**
 * A round whose honest parties have come to `round`; the messages that open it are in `pending`. `stages`: how many
 * messages the client of each seat has sent before it vanished.
 */
export async function openedRound(
  phase: PhaseName,
  options: CohortOptions | Cohort,
  stages: readonly number[] = [],
): Promise<CohortRun> {
  const cohort = 'sessions' in options ? options : await makeCohort(options)
  const opened = await run(cohort, { until: phase, stages })
  expect(opened.error).toBeUndefined()
  expect(opened.clientErrors.size).toBe(0)
  return opened
}

export interface FinishOptions {
  /** Clients that say nothing from here on. */
  readonly silent?: readonly number[]
  /** What the server gets instead of a client's message. */
  onClientMessage?(seat: number, phase: PhaseName, bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** What a client gets instead of the message that it answers in `round`. */
  onServerMessage?(seat: number, phase: PhaseName, bytes: Uint8Array): Uint8Array
}

/**
 * Goes on from an opened round until the server has the sum; everything that anybody refuses is thrown. The sum must be
 * exactly that of the survivors' inputs.
 */
export async function finish(opened: CohortRun, options: FinishOptions = {}): Promise<readonly number[]> {
  const { server, sessions, config, inputs } = opened
  const { silent = [], onClientMessage, onServerMessage } = options
  let inbox: Iterable<readonly [number, Uint8Array]> = opened.pending
  for (;;) {
    const phase = server.phase!
    for (const [seat, bytes] of inbox) {
      if (silent.includes(seat)) continue
      const answer = await sessions[seat]!.receive(onServerMessage?.(seat, phase, bytes) ?? bytes)
      const sent = (await onClientMessage?.(seat, phase, answer)) ?? answer
      const receipt = await server.receive(seat, sent)
      if (receipt.status === 'refused') throw receipt.error
    }
    const outcome = await server.closePhase()
    if (outcome.done) {
      const { survivors } = outcome.report
      expect(outcome.sum).toEqual(sumOf(config, survivors, inputs))
      return survivors
    }
    inbox = outcome.messages
  }
}

/** D, which the signatures over survivors are bound to. */
export function publishedDigest({ published }: Pick<CohortRun, 'published'>): Uint8Array {
  return sha256(published!)
}

/** Reads and writes one kind of message, as somebody who sits on the wire would. */
export interface Codec<T> {
  read(bytes: Uint8Array): T
  write(message: T): Uint8Array
}

export function codec<T>(type: MessageType, coder: Parameters<typeof encodeMessage<T>>[1]): Codec<T> {
  const origin = { fault: 'internal', phase: 'advertise-keys', culprits: [] } as const
  return {
    read: (bytes) => decodeMessage(type, coder, bytes, origin),
    write: (message) => encodeMessage(type, coder, message),
  }
}

type Shape = Pick<RoundConfig, 'clients' | 'signatureLength'>

export const advertiseKeys = ({ signatureLength }: Shape): Codec<AdvertiseKeys> =>
  codec('advertiseKeys', advertiseKeysCoder(signatureLength))

export const publishedKeys = ({ clients, signatureLength }: Shape): Codec<PublishedKeys> =>
  codec('publishedKeys', publishedKeysCoder(seatsBelow(clients), signatureLength))

export const shareKeys = (peers: number): Codec<ShareKeys> => codec('shareKeys', shareKeysCoder(peers))

/** `receiver`: everybody else is in U1. */
export const forwardedShares = ({ clients }: Shape, receiver: number): Codec<ForwardedShares> =>
  codec('forwardedShares', forwardedSharesCoder(seatsBelow(clients).filter((seat) => seat !== receiver)))

export const survivors = ({ clients }: Shape): Codec<Survivors> =>
  codec('survivors', survivorsCoder(seatsBelow(clients)))

export const consistencyCheck = ({ signatureLength }: Shape): Codec<ConsistencyCheck> =>
  codec('consistencyCheck', consistencyCheckCoder(signatureLength))

export const signatures = ({ clients, signatureLength }: Shape): Codec<ConsistencySignatures> =>
  codec('consistencySignatures', consistencySignaturesCoder(seatsBelow(clients), signatureLength))

/** Everybody is in U2. */
export const unmasking = ({ clients }: Shape, surviving: readonly number[]): Codec<UnmaskingShares> =>
  codec('unmasking', unmaskingCoder(seatsBelow(clients), new Set(surviving)))

/** 0, 1, …, count − 1. */
export function seatsBelow(count: number): number[] {
  return Array.from({ length: count }, (_, seat) => seat)
}

/** All subsets of `seats`, each ascending. */
export function subsetsOf(seats: readonly number[]): number[][] {
  return Array.from({ length: 2 ** seats.length }, (_, bits) =>
    seats.filter((_, index) => ((bits >>> index) & 1) === 1),
  )
}

/** A copy of `bytes` with one bit flipped. */
export function flipped(bytes: Uint8Array, index = 0, bit = 0): Uint8Array {
  return bytes.map((byte, at) => (at === (index + bytes.length) % bytes.length ? byte ^ (1 << bit) : byte))
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
