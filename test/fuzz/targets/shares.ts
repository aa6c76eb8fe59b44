import { createRoundConfig, type RoundParameters } from 'secagg'
import { server } from 'secagg/protocol'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { graphOf } from '../../../src/graph/index.js'
import { commitToSelfMask } from '../../../src/protocol/keys.js'
import type { Seated, UnmaskingShares } from '../../../src/wire/index.js'
import { type Random, randomOf } from '../../support/seeded.js'
import { toyCrypto, toySplitter } from '../../support/toy-crypto.js'
import { Choices } from '../choices.js'
import { ensure, type FuzzTarget, outcomeOf, outcomeOfAsync } from '../target.js'

const crypto = toyCrypto(6)

/** A server that waits for shares, the secrets behind them, and what honest clients would answer. */
interface Waiting {
  readonly state: server.ServerUnmasking
  readonly secrets: ReadonlyMap<number, Uint8Array>
  readonly answers: ReadonlyMap<number, UnmaskingShares>
}

const rounds: Omit<RoundParameters, 'sessionId' | 'segments'>[] = [
  { clients: 5, adversary: 'honest-but-curious', threshold: 3 },
  { clients: 7, adversary: 'active', threshold: 5 },
  {
    clients: 7,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 5,
  },
  // So many holders that secrets are shared in GF(2^16).
  {
    clients: 302,
    adversary: 'honest-but-curious',
    graph: { neighbors: 300, assumptions: 'unproven' },
    threshold: 3,
    minimumCohort: 5,
  },
]
const waiting = await Promise.all(rounds.map((round, index) => waitingFor(round, randomOf(index))))

/** Shares of round 4 with anything wrong with them: refused, or too few, or wrong, or every secret is the right one. */
export const shares: FuzzTarget = {
  name: 'shares',
  sync: false,
  weight: 2,
  maximumLength: 128,
  *seeds() {
    for (const index of waiting.keys()) {
      yield Uint8Array.of(index)
      for (let edit = 0; edit < EDITS.length; edit++)
        yield Uint8Array.of(index, 0, 1, edit, 1, 3, 0, 2, edit, 4, 5, edit, 2)
    }
  },
  run: async (data) => {
    const choices = new Choices(data)
    const { state, secrets, answers } = choices.pick(waiting)
    const accepted: server.RevealingClient[] = []
    for (const [seat, honest] of answers) {
      const edits = choices.byte()
      // Some answer twice, and some not at all.
      const times = edits >= 250 ? 2 : edits >= 230 ? 0 : 1
      for (let time = 0; time < times; time++) {
        let message = [...honest]
        for (let edit = edits % 4; edit > 0; edit--) message = choices.pick(EDITS)(message, answers, choices)
        const sender = edits >= 220 ? choices.byte() : seat
        const outcome = outcomeOf(() => server.acceptUnmasking(state, sender, message))
        if ('value' in outcome) accepted.push(outcome.value)
        else
          ensure(
            outcome.error.fault === 'peer' && outcome.error.culprits[0] === sender,
            'the sender is to blame',
          )
      }
    }
    const isTwice = new Set(accepted.map(({ seat }) => seat)).size < accepted.length
    const outcome = await outcomeOfAsync(() => server.reconstructSecrets(state, accepted, { crypto }))
    if ('error' in outcome) {
      ensure(isTwice || outcome.error.fault === 'peer', 'shares are their senders’ fault')
      return
    }
    const { selfMasks, maskKeys } = outcome.value.state
    const all = [...selfMasks, ...maskKeys]
    ensure(all.length === secrets.size, 'not every secret was reconstructed')
    ensure(
      all.every(({ seat, value }) => equalBytes(value, secrets.get(seat)!)),
      'a secret is another than its owner’s',
    )
  },
}

type Edit = (
  message: Seated<Uint8Array>[],
  answers: Waiting['answers'],
  choices: Choices,
) => Seated<Uint8Array>[]

const EDITS: readonly Edit[] = [
  (message, _answers, choices) =>
    at(message, choices, ({ seat, value }) => [{ seat, value: spoiled(value, choices) }]),
  (message, _answers, choices) =>
    at(message, choices, ({ seat }) => [{ seat, value: choices.bytes(choices.below(40)) }]),
  (message, _answers, choices) => at(message, choices, ({ value }) => [{ seat: choices.below(300), value }]),
  (message, _answers, choices) => at(message, choices, () => []),
  (message, _answers, choices) => at(message, choices, (share) => [share, share]),
  (message, _answers, choices) =>
    at(message, choices, ({ seat }) => [{ seat, value: choices.pick(message).value }]),
  // The share that somebody else holds.
  (message, answers, choices) =>
    at(message, choices, ({ seat, value }) => {
      const other = choices.pick([...answers.values()]).find((share) => share.seat === seat)
      return [{ seat, value: other?.value ?? value }]
    }),
  (message) => message.toReversed(),
]

function at(
  message: Seated<Uint8Array>[],
  choices: Choices,
  change: (share: Seated<Uint8Array>) => Seated<Uint8Array>[],
): Seated<Uint8Array>[] {
  if (message.length === 0) return message
  const index = choices.below(message.length)
  return message.toSpliced(index, 1, ...change(message[index]!))
}

function spoiled(value: Uint8Array, choices: Choices): Uint8Array {
  const index = choices.below(value.length || 1)
  return value.map((byte, position) => (position === index ? byte ^ choices.byte() : byte))
}

/** Of U2, the first seats around the ring, one has dropped out. */
async function waitingFor(round: (typeof rounds)[number], random: Random): Promise<Waiting> {
  const config = createRoundConfig({
    ...round,
    sessionId: random.bytes(16),
    segments: [{ length: 1, bits: 8, bound: 'modular' }],
  })
  const ring = Array.from({ length: config.clients }, (_, seat) => seat)
  const graph = config.graph.kind === 'sparse' ? { ...config.graph, ring } : ({ kind: 'complete' } as const)
  const seats = ring.slice(0, 7)
  const survivors = seats.slice(0, -1)
  const secrets = new Map<number, Uint8Array>()
  const held = new Map(survivors.map((seat): [number, Seated<Uint8Array>[]] => [seat, []]))
  const clients = await Promise.all(
    seats.map(async (seat) => {
      const [selfMask, privateKey] = [random.bytes(16), random.bytes(32)]
      const secret = survivors.includes(seat) ? selfMask : privateKey
      secrets.set(seat, secret)
      const holders = graphOf(graph, config.clients).holders(seat)
      const split = await toySplitter(seat)(secret, config.threshold, holders.length)
      for (const [index, holder] of holders.entries()) held.get(holder)?.push({ seat, value: split[index]! })
      const maskKey = await crypto.x25519.publicKey(privateKey)
      return {
        seat,
        maskKey,
        commitment: await commitToSelfMask(config, crypto, selfMask, seat),
        identity: undefined,
        hybrid: undefined,
      }
    }),
  )
  const consistent =
    config.adversary === 'active'
      ? survivors.map((seat) => ({ seat, signature: new Uint8Array(64) }))
      : undefined
  for (const row of held.values()) row.sort((a, b) => a.seat - b.seat)
  return {
    state: {
      state: 'server-unmasking',
      config,
      graph,
      clients,
      survivors,
      consistent,
      acknowledging: undefined,
    },
    secrets,
    answers: held,
  }
}
