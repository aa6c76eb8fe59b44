import type { ErrorCode, PhaseName } from 'secagg'
import type { MessageType } from '../../src/wire/index.js'

/** Something that is sent to the server. */
export interface Parcel {
  /** The seat that the server's host takes it to be from. */
  readonly seat: number
  readonly bytes: Uint8Array
  /** By its header; `undefined` where the header says nothing. */
  readonly type: MessageType | undefined
  /** Which slice it is, else 0. */
  readonly part: number
  /** What a server that looks into it must find wrong; `undefined` where it is as its sender has made it. */
  readonly flaw?: ErrorCode | undefined
}

/** The rounds of the honest-but-curious model, in which alone there is a sparse graph. */
export const STEPS: readonly PhaseName[] = ['advertise-keys', 'share-keys', 'masked-input', 'unmasking']

/** The type of the message that clients send in a step. */
export function typeOfStep(step: number, slices: number): MessageType {
  return (['advertiseKeys', 'shareKeys', slices === 1 ? 'maskedInput' : 'maskedSlice', 'unmasking'] as const)[
    step
  ]!
}

/** The bytes of a message before its body. */
export function headerLength(type: MessageType | undefined): number {
  return type === 'maskedSlice' ? 6 : 2
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
