import { equal } from '../bytes.js'
import { Refusal, VERSION } from '../messages.js'
import { type Acknowledging, acknowledgeOwners, unmaskAcknowledged } from './acknowledge.js'
import { type Advertised, advertiseKeys } from './advertise-keys.js'
import { type Checked, checkConsistency } from './check-consistency.js'
import { type Complained, type Masked, maskInput } from './mask-input.js'
import type { Self } from './self.js'
import { type Shared, shareKeys } from './share-keys.js'
import { type UnmaskResult, unmask, unmaskConsistently } from './unmask.js'

/** A client from outside: bytes in, bytes out. */
export class Client {
  readonly self: Self
  advertised: Advertised | undefined
  shared: Shared | undefined
  masked: Masked | undefined
  checked: Checked | undefined
  acknowledging: Acknowledging | undefined
  unmasked: UnmaskResult | undefined
  /** [hybrid] What it sent in place of a masked input. */
  complained: Complained | undefined
  #last: { readonly inbound: Uint8Array; readonly answers: readonly Uint8Array[] } | undefined

  constructor(self: Self) {
    this.self = self
  }

  start(): Uint8Array {
    this.advertised ??= advertiseKeys(this.self)
    return this.advertised.message
  }

  /** The messages to answer with: one, or the slices of a vector. */
  receive(inbound: Uint8Array): readonly Uint8Array[] {
    const last = this.#last
    if (last !== undefined && equal(inbound, last.inbound)) return last.answers
    const isSecondVersion =
      last !== undefined && inbound[0] === VERSION && inbound.length > 1 && inbound[1] === last.inbound[1]
    if (isSecondVersion) throw new Refusal('conflicting-message', this.#answered())
    const answers = this.#step(inbound)
    this.#last = { inbound, answers }
    return answers
  }

  #step(inbound: Uint8Array): readonly Uint8Array[] {
    if (this.unmasked !== undefined) throw new Refusal('unexpected-message', 'unmasking')
    if (this.complained !== undefined) throw new Refusal('unexpected-message', 'masked-input')
    if (this.checked !== undefined) {
      this.unmasked = unmaskConsistently(this.checked, inbound)
      return [this.unmasked.message]
    }
    if (this.acknowledging !== undefined) {
      this.unmasked = unmaskAcknowledged(this.acknowledging, inbound)
      return [this.unmasked.message]
    }
    if (this.masked !== undefined) {
      if (this.self.configuration.graph === 'chosen') {
        this.acknowledging = acknowledgeOwners(this.masked, inbound)
        return [this.acknowledging.message]
      }
      if (this.self.configuration.active) {
        this.checked = checkConsistency(this.masked, inbound)
        return [this.checked.message]
      }
      this.unmasked = unmask(this.masked, inbound)
      return [this.unmasked.message]
    }
    if (this.shared !== undefined) {
      const result = maskInput(this.shared, inbound)
      if ('about' in result) {
        this.complained = result
        return [result.message]
      }
      this.masked = result
      return result.messages
    }
    this.shared = shareKeys(this.advertised!, inbound)
    return [this.shared.message]
  }

  /** The round of the last message that was answered. */
  #answered(): Refusal['phase'] {
    if (this.unmasked !== undefined) return 'unmasking'
    if (this.checked !== undefined || this.acknowledging !== undefined) return 'consistency-check'
    return this.masked !== undefined || this.complained !== undefined ? 'masked-input' : 'share-keys'
  }
}
