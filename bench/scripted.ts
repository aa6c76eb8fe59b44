import { createHash } from 'node:crypto'
import { createRoundConfig, type RoundConfig, ServerSession } from 'secagg'
import { type CryptoProvider, nodeCrypto } from 'secagg/crypto'
import { costOf } from './cost.js'
import type { RoundShape } from './round.js'

/** What every client puts in, in every element. */
const INPUT = 3

/** How many clients are served between two measurements. */
const BATCH = 256

/** The seed of every client's self-mask, and all shares of it: the polynomial is constant. */
const SEED = new Uint8Array(16).fill(7)

const [PAIR, KEY, HEADER] = [64, 32, 2] as const

/**
 * A round on the sparse graph without dropouts at a server whose clients are scripts: they write the bytes that the server
 * expects, and do nothing else. Their public keys are random, and what they seal is zero. They remember only their neighbors.
 * So nearly all memory and time is the server's, for any number of clients.
 */
export async function timeScripted(shape: RoundShape): Promise<{ readonly serverMs: number }> {
  const { clients, length, sparse } = shape
  if (sparse === undefined || shape.adversary === 'active' || shape.dropouts > 0) {
    throw new Error(
      'scripted clients need the sparse graph, a server that follows the protocol, and no dropouts',
    )
  }
  const crypto = nodeCrypto()!
  const config = createRoundConfig({
    sessionId: crypto.randomBytes(32),
    clients,
    adversary: 'honest-but-curious',
    graph: { neighbors: sparse.neighbors, assumptions: 'unproven' },
    threshold: sparse.threshold,
    minimumCohort: Math.floor(clients / 2) + 1,
    segments: [{ length, bits: 32, bound: 'modular' }],
  })
  const server = new ServerSession({ config, crypto })
  const neighbors: Uint32Array[] = []
  let messages: Iterator<readonly [number, Uint8Array | undefined]> = Array.from(
    { length: clients },
    (_, seat) => [seat, undefined] as const,
  ).values()
  let serverMs = 0
  for (;;) {
    const phase = server.phase!
    for (;;) {
      const taken = await costOf(async () => {
        const batch: (readonly [number, Uint8Array | undefined])[] = []
        for (let next = messages.next(); next.done !== true; next = messages.next()) {
          batch.push(next.value)
          if (batch.length === BATCH) break
        }
        return batch
      })
      serverMs += taken.cost
      if (taken.value.length === 0) break
      const answers: (readonly [number, Uint8Array])[] = []
      for (const [seat, bytes] of taken.value) {
        if (phase === 'share-keys') neighbors[seat] = neighborsIn(bytes!, seat)
        answers.push([seat, await answer(config, crypto, phase, seat, neighbors[seat]!)])
      }
      const received = await costOf(async () => {
        for (const [seat, bytes] of answers) {
          const { status } = await server.receive(seat, bytes)
          if (status !== 'accepted') throw new Error(`seat ${seat} was ${status} in ${phase}`)
        }
      })
      serverMs += received.cost
    }
    const closed = await costOf(() => server.closePhase())
    serverMs += closed.cost
    if (closed.value.done) {
      const sum = closed.value.sum[0] as Uint32Array
      if (sum.some((element) => element !== INPUT * clients)) throw new Error('the sum is wrong')
      return { serverMs }
    }
    messages = closed.value.messages[Symbol.iterator]()
  }
}

/** The seats in PublishedKeys, without the receiver. */
function neighborsIn(message: Uint8Array, receiver: number): Uint32Array {
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const count = view.getUint16(HEADER, true)
  const seats = Array.from({ length: count }, (_, index) => view.getUint32(HEADER + 2 + 68 * index, true))
  return Uint32Array.from(seats.filter((seat) => seat !== receiver))
}

async function answer(
  config: RoundConfig,
  crypto: CryptoProvider,
  phase: string,
  seat: number,
  neighbors: Uint32Array,
): Promise<Uint8Array> {
  const derive = (label: string, size: number): Promise<Uint8Array> =>
    crypto.sha256.hkdf(SEED, config.hash, labeled(label, seat), size)
  switch (phase) {
    case 'advertise-keys':
      return Buffer.concat([Uint8Array.of(2, 1), config.hash, publicKey(seat, 'c'), publicKey(seat, 's')])
    case 'share-keys': {
      const message = new Uint8Array(HEADER + KEY + PAIR * neighbors.length)
      message.set([2, 3])
      message.set(await derive('commitment', KEY), HEADER)
      return message
    }
    case 'masked-input': {
      const { length } = config.segments[0]!
      const seed = await derive('self mask', 16)
      const stream = await crypto.suites.aes!.keystream(seed, 0).next(4 * length)
      const message = new Uint8Array(HEADER + 4 * length)
      message.set([2, 5])
      const [from, to] = [stream, message].map(({ buffer, byteOffset }) => new DataView(buffer, byteOffset))
      for (let i = 0; i < length; i++) {
        to!.setUint32(HEADER + 4 * i, from!.getUint32(4 * i, true) + INPUT, true)
      }
      return message
    }
    default: {
      // One bit for each neighbor and for the client itself, which has no share of its own secret; then the shares.
      const place = neighbors.findIndex((other) => other > seat)
      const own = place < 0 ? neighbors.length : place
      const size = Math.ceil((neighbors.length + 1) / 8)
      const message = new Uint8Array(HEADER + size + SEED.length * neighbors.length)
      message.set([2, 9])
      for (let index = 0; index <= neighbors.length; index++) {
        if (index !== own) message[HEADER + (index >>> 3)]! |= 1 << (index & 7)
      }
      for (let index = 0; index < neighbors.length; index++) {
        message.set(SEED, HEADER + size + SEED.length * index)
      }
      return message
    }
  }
}

function labeled(name: string, seat: number): Uint8Array {
  const label = Buffer.from(`secagg 2 ${name}`)
  return Buffer.concat(
    [Uint8Array.of(label.length), label, Uint32Array.of(seat)].map((part) => bytesOf(part)),
  )
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array | Uint32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

/** A different key for each seat and use. Any bytes below 2^255 − 19 are one. */
function publicKey(seat: number, use: string): Uint8Array {
  const key = createHash('sha256').update(`${seat} ${use}`).digest()
  key[31]! &= 63
  return key
}
