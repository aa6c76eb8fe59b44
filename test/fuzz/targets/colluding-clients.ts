import { server } from 'secagg/protocol'
import { equalBytes } from '../../../src/crypto/bytes.js'
import { GF256, GF65536, multiply } from '../../../src/shamir/field.js'
import { randomOf } from '../../support/seeded.js'
import { toyCrypto, toySplitter } from '../../support/toy-crypto.js'
import {
  answersOf,
  copyOfShares,
  type Shares,
  type WaitingServer,
  waitingServer,
} from '../../support/waiting-server.js'
import { Choices } from '../choices.js'
import { ensure, type FuzzTarget, outcomeOfAsync } from '../target.js'

const crypto = toyCrypto(12)

const PHASES = [
  { clients: 9, corruptClients: 0 },
  { clients: 8, corruptClients: 1 },
  { clients: 12, threshold: 7, corruptClients: 2 },
  { clients: 13, threshold: 7, corruptClients: 3 },
  { clients: 12, threshold: 7, corruptClients: 2, dropped: 2 },
  { clients: 12, threshold: 7 },
  { clients: 40, corruptClients: 4 },
  // In GF(2^16); takes long, so that it is rare.
  { clients: 260, corruptClients: 20 },
] as const
const LARGE = PHASES.length - 1
const RARELY = 250
/** Where single secrets cost so little that the limit of work is never reached. */
const FEW = 13

const rounds = await Promise.all(
  PHASES.map(async (parameters) => {
    const round = await waitingServer(parameters, crypto)
    const honest = await reconstruct(round, copyOfShares(round))
    return { round, work: honest.work }
  }),
)

const endings = { 'all secrets': 0, 'a lost secret': 0, 'somebody named': 0 }

/** Clients that deal wrong shares, lie about those of others, agree on other polynomials and leave shares out. */
export const colludingClients: FuzzTarget = {
  name: 'colluding clients',
  sync: false,
  weight: 4,
  maximumLength: 96,
  *seeds() {
    for (const large of [0, RARELY]) {
      for (let index = 0; index < (large === 0 ? LARGE : 1); index++) {
        for (let plot = 0; plot < PLOTS.length; plot++) {
          for (const cheating of [1, 2, 3]) {
            yield Uint8Array.of(large, index, cheating, 3, 5, 1, plot, 1, 2, 77, plot, 2, 4, 31, 5, 6)
            yield Uint8Array.of(
              large,
              index,
              cheating,
              0,
              1,
              2,
              plot,
              0,
              0,
              9,
              1,
              3,
              (plot + 3) % 7,
              1,
              1,
              200,
            )
          }
        }
      }
    }
  },
  run: async (data) => {
    const choices = new Choices(data)
    const { round, work: honestWork } =
      choices.byte() >= RARELY ? rounds[LARGE]! : choices.pick(rounds.slice(0, LARGE))
    const { clients, corruptClients } = round.state.config
    const cheating = new Set<number>()
    for (let more = choices.below((corruptClients ?? 2) + 2); more > 0; more--)
      cheating.add(choices.below(clients))
    const shares = copyOfShares(round)
    const plot: Plot = { round, shares, cheating: [...cheating], choices }
    for (let steps = 0; cheating.size > 0 && !choices.done && steps < 40; steps++)
      await choices.pick(PLOTS)(plot)

    const { state, code, culprits, work } = await reconstruct(round, shares)
    ensure(work <= honestWork + Math.max(2 * honestWork, 2 ** 16), 'cheating clients keep the server busy')
    if (cheating.size <= (corruptClients ?? 0)) {
      ensure(
        culprits.every((seat) => cheating.has(seat)),
        'an honest client is named',
      )
    }
    if (culprits.length > 0) endings['somebody named']++
    if (state === undefined) {
      endings['a lost secret']++
      ensure(code === 'wrong-share' || code === 'too-few-shares', `a secret is lost: ${code}`)
      ensure(clients > FEW || !canBeCorrected(round, shares), 'wrong shares that can be corrected are not')
      return
    }
    endings['all secrets']++
    const recovered = [...state.maskKeys, ...state.selfMasks]
    ensure(recovered.length === clients, 'not every secret is there')
    ensure(
      recovered.every(({ seat, value }) => equalBytes(value, round.secrets[seat]!)),
      'a secret is another than its owner’s',
    )
  },
  counts: () => endings,
}

/** What cheating clients do next. */
interface Plot {
  readonly round: WaitingServer
  readonly shares: Shares
  readonly cheating: readonly number[]
  readonly choices: Choices
}

const PLOTS: readonly ((plot: Plot) => void | Promise<void>)[] = [
  // One of them deals a wrong share, or lies about one, in some of its elements.
  ({ shares, cheating, choices }) =>
    change(shares, choices.pick(cheating), choices.below(shares.length), choices),
  ({ shares, cheating, choices }) =>
    change(shares, choices.below(shares.length), choices.pick(cheating), choices),
  // One lies about everybody's.
  ({ shares, cheating, choices }) => {
    const [liar, seed] = [choices.pick(cheating), choices.byte()]
    for (const row of shares) if (row[liar] !== undefined) row[liar] = randomOf(seed).bytes(row[liar].length)
  },
  // One deals a second polynomial to some, with its secret or another one.
  async ({ round, shares, cheating, choices }) => {
    const [dealer, seed, every] = [choices.pick(cheating), choices.byte(), 1 + choices.below(4)]
    const secret =
      seed % 2 === 0 ? round.secrets[dealer]! : randomOf(seed).bytes(round.secrets[dealer]!.length)
    const other = await toySplitter(seed)(secret, round.threshold, shares.length)
    for (const holder of shares.keys()) if (holder % every === 0) shares[dealer]![holder] = other[holder]
  },
  // All of them reveal shares on another polynomial with the same secret, on which some honest holders lie as well.
  ({ round, shares, cheating, choices }) => {
    const field = shares.length > 255 ? GF65536 : GF256
    const places = Array.from(
      { length: choices.below(round.threshold - 1) },
      () => 1 + choices.below(shares.length),
    )
    const roots = new Set([0, ...places])
    const from = choices.below(shares.length)
    for (const owner of choices.below(2) === 0 ? [from] : shares.keys()) {
      for (const holder of cheating) {
        const shift = [...roots].reduce((product, root) => multiply(field, product, (holder + 1) ^ root), 1)
        const share = shares[owner]![holder]
        if (share !== undefined) {
          shares[owner]![holder] = share.map((byte, at) => byte ^ (at % 2 === 0 ? shift : shift >>> 8))
        }
      }
    }
  },
  // One leaves shares out, or deals one that does not open.
  ({ shares, cheating, choices }) => {
    const [silent, every] = [choices.pick(cheating), 1 + choices.below(3)]
    shares.forEach((row, owner) => {
      if (owner % every === 0) row[silent] = undefined
    })
  },
  ({ shares, cheating, choices }) => {
    shares[choices.pick(cheating)]![choices.below(shares.length)] = undefined
  },
]

function change(shares: Shares, owner: number, holder: number, choices: Choices): void {
  const share = shares[owner]![holder]
  const [mask, every] = [1 + choices.below(255), 1 + choices.below(5)]
  if (share !== undefined)
    shares[owner]![holder] = share.map((byte, at) => (at % every === 0 ? byte ^ mask : byte))
}

/** Whether the wrong shares of each secret are as few as can be corrected. */
function canBeCorrected(round: WaitingServer, shares: Shares): boolean {
  const { survivors } = round.state
  return shares.every((row, owner) => {
    const revealed = survivors.filter((holder) => row[holder] !== undefined)
    const wrong = revealed.filter((holder) => !equalBytes(row[holder]!, round.shares[owner]![holder]!))
    return revealed.length >= round.threshold + 2 * wrong.length
  })
}

async function reconstruct(round: WaitingServer, shares: Shares) {
  let work = 0
  const onWork = (units: number): undefined => {
    work += units
  }
  const outcome = await outcomeOfAsync(() =>
    server.reconstructSecrets(round.state, answersOf(round, shares), { crypto, onWork }),
  )
  if ('value' in outcome) {
    const { state } = outcome.value
    return { state, code: undefined, culprits: state.culprits, work }
  }
  const { code, culprits, fault } = outcome.error
  ensure(fault === 'peer', 'shares are their senders’ fault')
  return { state: undefined, code, culprits, work }
}
