import { x25519 } from '@noble/curves/ed25519.js'
import { nobleCrypto } from 'secagg/crypto'
import { requireProven } from '../../src/graph/chooser/check-assumptions.js'
import { drawGraph, holdersChosenBy, seatsWithHolders } from '../../src/graph/index.js'
import { deriveAcknowledgement, label, seatBytes } from '../../src/protocol/keys.js'
import { type Random, randomOf } from '../support/seeded.js'
import { hex, unhex } from './bytes.js'
import type { ChosenParts, Hex, Parameters } from './format.js'
import { configOf } from './library.js'

/** Vectors of single parts of the graph on which clients choose their holders. */
export async function chosenPartVectors(): Promise<ChosenParts> {
  const random = randomOf(21)
  return {
    samples: SAMPLES.map(([clients, neighbors, seat, stated]) => {
      const hash = hex(random.bytes(32))
      const drawn = hex(random.bytes(16))
      const choice = stated ?? drawn
      return {
        hash,
        clients,
        neighbors,
        seat,
        choice,
        holders: sampled(hash, clients, neighbors, seat, choice),
      }
    }),
    acknowledgements: await Promise.all(
      (['aes', 'chacha'] as const).map((suite) => acknowledgement(random, suite)),
    ),
    neighborhoods: NEIGHBORHOODS.map(neighborhood),
    admissions: ADMISSIONS.map((each) => admission(random, each)),
  }
}

/** With the choice that is stated, a word is passed over. */
const SAMPLES: readonly (readonly [clients: number, neighbors: number, seat: number, choice?: Hex])[] = [
  [4, 2, 0],
  [4, 2, 3],
  [10, 8, 5],
  [1000, 51, 999],
  [65535, 70, 40000, 'e2310000000000000000000000000000'],
]

function graphOf(neighbors: number) {
  return { kind: 'chosen', neighbors, assumptions: undefined } as const
}

function sampled(hash: Hex, clients: number, neighbors: number, seat: number, choice: Hex): number[] {
  return [...holdersChosenBy({ graph: graphOf(neighbors), clients, hash: unhex(hash) }, seat, unhex(choice))]
}

/** Both directions between two clients. */
async function acknowledgement(
  random: Random,
  suite: 'aes' | 'chacha',
): Promise<ChosenParts['acknowledgements'][number]> {
  const parameters: Parameters = {
    sessionId: hex(random.bytes(16)),
    clients: 1000,
    threshold: 36,
    minimumCohort: 501,
    adversary: 'active',
    suite,
    neighbors: 51,
    assumptions: null,
    corruptClients: null,
    signatureLength: 64,
    sliceLength: null,
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
    context: [],
  }
  const config = configOf(parameters)
  const clients = [700, 3].map((seat) => {
    const privateKey = random.bytes(32)
    return { seat, privateKey, publicKey: x25519.getPublicKey(privateKey) }
  })
  const [one, other] = clients as [(typeof clients)[number], (typeof clients)[number]]
  const agreement = x25519.getSharedSecret(one.privateKey, other.publicKey)
  const values = await Promise.all(
    [
      [one, other],
      [other, one],
    ].map(async ([holder, owner]) => ({
      holder: holder!.seat,
      owner: owner!.seat,
      info: [
        label('acknowledge'),
        seatBytes(holder!.seat),
        seatBytes(owner!.seat),
        holder!.publicKey,
        owner!.publicKey,
      ]
        .map(hex)
        .join(''),
      value: hex(await deriveAcknowledgement(config, nobleCrypto(), agreement, holder!, owner!)),
    })),
  )
  return {
    parameters,
    hash: hex(config.hash),
    clients: clients.map(({ seat, privateKey }) => ({ seat, cipherPrivateKey: hex(privateKey) })),
    agreement: hex(agreement),
    values,
  }
}

const NEIGHBORHOODS: readonly (readonly [
  n: number,
  k: number,
  t: number,
  cohort: number,
  γ: number,
  σ: number,
])[] = [
  [200, 29, 20, 20, 0.05, 40],
  [200, 29, 19, 19, 0.05, 40],
  [200, 26, 20, 20, 0.05, 40],
  [200, 29, 20, 111, 0.05, 40],
  [200, 29, 20, 112, 0.05, 40],
  [200, 29, 20, 200, 0.05, 40],
  [5, 3, 2, 3, 0, 1],
  [5, 3, 2, 5, 0, 1],
  [10, 3, 3, 3, 0.1, 1],
  [10, 8, 5, 5, 0.1, 1],
  [10, 8, 6, 6, 0.1, 1],
  // The corrupt clients and any few others are all there are.
  [10, 8, 8, 8, 0.7, 1],
  [50, 20, 15, 30, 0.1, 10],
  [60, 40, 32, 33, 0.29, 10],
  [60, 40, 33, 33, 0.29, 10],
]

function neighborhood([
  clients,
  neighbors,
  threshold,
  minimumCohort,
  corruptFraction,
  statisticalSecurity,
]: (typeof NEIGHBORHOODS)[number]) {
  const assumptions = { corruptFraction, dropoutFraction: 0.05, statisticalSecurity }
  const offered = { clients, neighbors, threshold, minimumCohort, assumptions }
  try {
    requireProven({ ...offered, kind: 'chosen' })
    return { ...offered, proven: true }
  } catch {
    return { ...offered, proven: false }
  }
}

const ADMISSIONS: readonly Admission[] = [
  { clients: 20, neighbors: 5, threshold: 2, present: 15 },
  { clients: 30, neighbors: 4, threshold: 2, present: 24 },
  { clients: 12, neighbors: 3, threshold: 2, present: 10 },
  // As many as may choose one client, and one more.
  { clients: 24, neighbors: 4, threshold: 2, present: 24, crowd: 12 },
  { clients: 24, neighbors: 4, threshold: 2, present: 24, crowd: 13 },
]

interface Admission {
  readonly clients: number
  readonly neighbors: number
  readonly threshold: number
  /** How many advertise keys. */
  readonly present: number
  /** How many of them choose the same client; whoever else would choose it draws again. */
  readonly crowd?: number
}

/** Some clients advertise keys, and some of U1 share their secrets. */
function admission(random: Random, { clients, neighbors, threshold, present, crowd }: Admission) {
  const hash = hex(random.bytes(32))
  const seats = random.shuffle(Array.from({ length: clients }, (_, seat) => seat)).slice(0, present)
  const [victim, ...others] = seats as [number, ...number[]]
  const draw = (seat: number): Hex => {
    const choice = hex(random.bytes(16))
    const isIn = sampled(hash, clients, neighbors, seat, choice).includes(victim)
    if (crowd === undefined || seat === victim || isIn === others.indexOf(seat) < crowd) return choice
    return draw(seat)
  }
  const advertised = seats.sort((a, b) => a - b).map((seat) => ({ seat, choice: draw(seat) }))
  const drawn = drawGraph(
    { graph: graphOf(neighbors), clients, hash: unhex(hash), threshold },
    advertised.map(({ seat, choice }) => ({ seat, keys: { choice: unhex(choice) } })),
    random.bytes,
  )
  const u1 = drawn.clients.map(({ seat }) => seat)
  const answered = u1.filter(() => random.below(10) > 0)
  const u2 = [...seatsWithHolders(drawn.graph, clients, threshold, answered)]
  return { hash, clients, neighbors, threshold, advertised, u1, answered, u2 }
}
