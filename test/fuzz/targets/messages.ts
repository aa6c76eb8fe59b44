import { equalBytes } from '../../../src/crypto/bytes.js'
import { messageType, openEnvelope } from '../../../src/wire/index.js'
import { randomOf } from '../../support/seeded.js'
import { casesFor, maskedInput, maskedSlice, type WireCase } from '../../wire/cases.js'
import { withinMemory } from '../memory.js'
import { ensure, type FuzzTarget, outcomeOf } from '../target.js'

/** Every message of small rounds and of large ones, without signatures and with them. */
const CASES: readonly WireCase[] = [
  ...casesFor(2, 1),
  ...casesFor(3, 64),
  ...casesFor(8, 0),
  ...casesFor(11, 64),
  ...casesFor(255, 64),
  ...casesFor(300, 0),
  maskedInput,
  maskedSlice,
]

/** Decoders of `src/wire`: which one, in the first byte, then the message. What is read is written as the same bytes. */
export const messages: FuzzTarget = {
  name: 'messages',
  sync: true,
  weight: 3,
  maximumLength: 20_000,
  *seeds() {
    const random = randomOf(1)
    for (const [index, wire] of CASES.entries()) {
      for (let i = 0; i < 3; i++) yield Uint8Array.of(index, ...wire.write(wire.sample(random)))
    }
  },
  run: (data) => {
    const wire = CASES[(data[0] ?? 0) % CASES.length]!
    const bytes = data.slice(1)
    const before = bytes.slice()
    const outcome = withinMemory(bytes.length, () => outcomeOf(() => wire.read(bytes)))
    ensure(equalBytes(bytes, before), 'a decoder changed its bytes')
    if ('value' in outcome) {
      ensure(messageType(bytes) === wire.type, 'a message of another type was read')
      ensure(equalBytes(wire.write(outcome.value), bytes), 'a message has two encodings')
      ensure(isAscending(outcome.value), 'seats are distinct and ascending')
    } else {
      ensure(outcome.error.fault === 'peer', 'malformed bytes are their sender’s fault')
      ensure(outcome.error.cause === undefined, 'an error quotes what it refuses')
    }
    outcomeOf(() => openEnvelope(bytes))
  },
}

/** Where it is a list of seats, or of what belongs to seats. */
function isAscending(value: unknown): boolean {
  if (!Array.isArray(value)) return true
  const seats: number[] = value.map((entry) => entry?.seat ?? entry)
  return seats.every((seat, index) => typeof seat !== 'number' || index === 0 || seats[index - 1]! < seat)
}
