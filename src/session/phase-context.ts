import type { CoderType } from 'micro-packed'
import type { Bytes } from '../crypto/bytes.js'
import type { ServerCapabilities } from '../protocol/capabilities.js'
import type { server } from '../protocol/index.js'
import type { MaskExecutor } from '../vector/index.js'
import { encodeMessage, type MessageType } from '../wire/index.js'
import type { OutboundBytes } from './phase.js'
import type { SliceStore } from './slice-store.js'

/** What the phases take from the session. */
export interface PhaseContext extends ServerCapabilities {
  readonly maskExecutor: MaskExecutor
  readonly sliceStore: SliceStore
  readonly maximumUploads: number
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((fraction: number) => void) | undefined
}

export function seatsOf(members: readonly { readonly seat: number }[]): readonly number[] {
  return members.map(({ seat }) => seat)
}

/** Encodes when asked; a message that goes to everybody is encoded once. */
export function encoded<M>(
  type: MessageType,
  { recipients, messageFor }: server.Outbound<M>,
  coderFor: (seat: number) => CoderType<M>,
): OutboundBytes {
  let last: { message: M; bytes: Bytes } | undefined
  return {
    recipients,
    messageFor: (seat) => {
      const message = messageFor(seat)
      if (last?.message !== message) last = { message, bytes: encodeMessage(type, coderFor(seat), message) }
      return last.bytes
    },
  }
}
