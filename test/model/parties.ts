import { ed25519Verify, identityOf } from './primitives.js'

// What clients and servers have in common.

/** c^PK, s^PK, [chosen] the choice, [hybrid] the ML-KEM-768 keys and [active] the signature over these. */
export interface PublicKeys {
  readonly cipherKey: Uint8Array
  readonly maskKey: Uint8Array
  /** Empty on the other graphs. */
  readonly choice: Uint8Array
  /** [hybrid] ck^PK and sk^PK; empty otherwise. */
  readonly cipherKemKey: Uint8Array
  readonly maskKemKey: Uint8Array
  readonly signature: Uint8Array
}

/** Whose identity may sit at which seat, [active]. */
export type Enrolment = readonly (Uint8Array | null)[]

/** Who signed: the identity enrolled for the seat, or nobody known. */
export function whoSigned(
  enrolment: Enrolment,
  seat: number,
  statement: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const publicKey = enrolment[seat]
  if (publicKey === null || publicKey === undefined) return undefined
  return ed25519Verify(publicKey, statement, signature) ? identityOf(publicKey) : undefined
}

export function everybody(clients: number): number[] {
  return Array.from({ length: clients }, (_, seat) => seat)
}

export const without = (seats: readonly number[], seat: number): number[] =>
  seats.filter((other) => other !== seat)

export const isSubset = (seats: readonly number[], of: readonly number[]): boolean =>
  seats.every((seat) => of.includes(seat))

/** The public keys of a client for one purpose. */
export interface KeyOf {
  readonly seat: number
  readonly publicKey: Uint8Array
  /** [hybrid] Empty otherwise. */
  readonly kemKey: Uint8Array
}

type Keys = Omit<PublicKeys, 'signature'>

export const cipherKeyOf = (seat: number, { cipherKey, cipherKemKey }: Keys): KeyOf => ({
  seat,
  publicKey: cipherKey,
  kemKey: cipherKemKey,
})

export const maskKeyOf = (seat: number, { maskKey, maskKemKey }: Keys): KeyOf => ({
  seat,
  publicKey: maskKey,
  kemKey: maskKemKey,
})
