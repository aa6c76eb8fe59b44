import type { SeededRandom } from '../../src/simulate/simulated-clients.js'
import { PROTOCOL_VERSION } from '../../src/wire/index.js'
import { headerLength, type Parcel } from './parcel.js'

/** What can be wrong with a message at any time: none of these is ever taken in. */
export type Flawed = 'cut short' | 'too long' | 'another version' | 'garbage' | 'unknown type' | 'reflected'

export const FLAWED: readonly Flawed[] = [
  'cut short',
  'too long',
  'another version',
  'garbage',
  'unknown type',
  'reflected',
]

/** The second byte of a type that clients of the honest-but-curious model never send. */
const CONSISTENCY_CHECK = 7

/** A spoiled copy of `genuine`; `inbound` is what its sender last got from the server. */
export function spoiled(
  how: Flawed,
  genuine: Parcel,
  inbound: Uint8Array | undefined,
  random: SeededRandom,
): Parcel {
  const { seat, bytes, type, part } = genuine
  switch (how) {
    case 'cut short':
      return { seat, type, part, bytes: bytes.slice(0, -1), flaw: 'malformed-message' }
    case 'too long':
      return { seat, type, part, bytes: longer(bytes), flaw: 'malformed-message' }
    case 'another version':
      return unreadable(seat, withVersion(bytes, (PROTOCOL_VERSION + 1 + random.below(255)) % 256))
    case 'garbage':
      return unreadable(seat, garbage(random))
    case 'unknown type': {
      const copy = bytes.slice()
      copy[1] = CONSISTENCY_CHECK
      return { seat, type: 'consistencyCheck', part: 0, bytes: copy, flaw: 'unexpected-message' }
    }
    case 'reflected':
      if (inbound === undefined) return unreadable(seat, garbage(random))
      // Of whichever of its types the server's message is, no client ever sends one.
      return { seat, type: 'publishedKeys', part: 0, bytes: inbound, flaw: 'unexpected-message' }
  }
}

/** A copy with one bit of its body turned over, which may still be a well-formed message. */
export function altered({ seat, bytes, type, part }: Parcel, random: SeededRandom): Parcel {
  const copy = bytes.slice()
  const header = headerLength(type)
  const at = header + random.below(bytes.length - header)
  copy[at]! ^= 1 << random.below(8)
  return { seat, type, part, bytes: copy }
}

/** A copy whose first byte says another version. */
export function withVersion(bytes: Uint8Array, version: number): Uint8Array {
  const copy = bytes.slice()
  copy[0] = version
  return copy
}

function longer(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length + 1)
  copy.set(bytes)
  return copy
}

function unreadable(seat: number, bytes: Uint8Array): Parcel {
  const flaw = bytes.length < 2 ? 'malformed-message' : 'unsupported-version'
  return { seat, type: undefined, part: 0, bytes, flaw }
}

/** Random bytes that do not begin with the library's version. */
function garbage(random: SeededRandom): Uint8Array {
  const length = random.below(50) === 0 ? 65_536 : random.below(300)
  const bytes = Uint8Array.from({ length }, () => random.word() >>> 24)
  if (bytes[0] === PROTOCOL_VERSION) bytes[0] = 0
  return bytes
}
