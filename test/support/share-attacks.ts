import type { Random } from './seeded.js'
import type { Shares, WaitingServer } from './waiting-server.js'

/** What cheating clients do about shares, as dealers or as holders. */
export interface ShareAttack {
  readonly name: string
  /** The seats that cheat. */
  cheating(round: WaitingServer): readonly number[]
  spoil(shares: Shares, round: WaitingServer, random: Random): void
  /** How the round ends, whatever is drawn. */
  readonly ends: 'sum' | 'wrong-share' | 'either'
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

function lie(shares: Shares, owner: number, holder: number, random: Random): void {
  const share = shares[owner]![holder]
  if (share !== undefined) shares[owner]![holder] = random.bytes(share.length)
}

function lieToAll(shares: Shares, holder: number, random: Random): void {
  for (const owner of shares.keys()) lie(shares, owner, holder, random)
}

/** Deals this many wrong shares, to anybody. */
function dealWrong(shares: Shares, owner: number, count: number, random: Random): void {
  for (const holder of random.shuffle(range(0, shares.length)).slice(0, count))
    lie(shares, owner, holder, random)
}

const one = () => [0]
const most = ({ correctable }: WaitingServer) => range(0, correctable)

export const SHARE_ATTACKS: readonly ShareAttack[] = [
  {
    name: 'one client lies about all shares',
    cheating: one,
    spoil: (shares, _, random) => lieToAll(shares, 0, random),
    ends: 'sum',
  },
  {
    name: 'one client deals so that t shares fit, and lies about all others',
    cheating: one,
    spoil: (shares, { threshold }, random) => {
      lieToAll(shares, 0, random)
      dealWrong(shares, 0, shares.length - threshold, random)
    },
    ends: 'either',
  },
  {
    name: 'one client deals as many wrong shares as can be corrected, and lies about all others',
    cheating: one,
    spoil: (shares, { correctable }, random) => {
      for (const owner of range(1, shares.length)) lie(shares, owner, 0, random)
      dealWrong(shares, 0, correctable, random)
    },
    ends: 'sum',
  },
  {
    name: 'one client deals noise',
    cheating: () => [5],
    spoil: (shares, _, random) => dealWrong(shares, 5, shares.length, random),
    ends: 'wrong-share',
  },
  {
    name: '⌊(n − t)/2⌋ clients lie about all shares',
    cheating: most,
    spoil: (shares, round, random) => {
      for (const holder of most(round)) lieToAll(shares, holder, random)
    },
    ends: 'sum',
  },
  {
    name: '⌊(n − t)/2⌋ clients lie, each about other shares',
    cheating: most,
    spoil: (shares, { correctable }, random) => {
      for (const owner of shares.keys()) lie(shares, owner, owner % correctable, random)
    },
    ends: 'sum',
  },
  {
    name: '⌊(n − t)/2⌋ clients deal as many wrong shares as can be corrected, and lie at random',
    cheating: most,
    spoil: (shares, round, random) => {
      for (const owner of range(round.correctable, shares.length)) {
        for (const holder of most(round)) if (random.below(2) === 0) lie(shares, owner, holder, random)
      }
      for (const owner of most(round)) dealWrong(shares, owner, round.correctable, random)
    },
    ends: 'either',
  },
  {
    name: '⌊(n − t)/2⌋ clients deal so, in seats all over, and lie each about other shares',
    cheating: ({ correctable }) => range(0, correctable).map((index) => 2 * index),
    spoil: (shares, { correctable }, random) => {
      for (const owner of shares.keys()) lie(shares, owner, 2 * (owner % correctable), random)
      for (const index of range(0, correctable)) {
        const owner = 2 * index
        dealWrong(shares, owner, correctable - 1, random)
      }
    },
    ends: 'either',
  },
  {
    name: '⌊(n − t)/2⌋ clients make honest holders look as if they lied, half of them, and lie, the others',
    cheating: most,
    spoil: (shares, { correctable }, random) => {
      const dealers = correctable >> 1
      for (const owner of range(0, dealers)) {
        for (const holder of range(correctable, 2 * correctable)) lie(shares, owner, holder, random)
      }
      for (const owner of range(dealers, shares.length)) {
        for (const holder of range(dealers, correctable)) lie(shares, owner, holder, random)
      }
    },
    ends: 'sum',
  },
  {
    name: '⌊(n − t)/2⌋ clients leave shares out at random, and one of them lies',
    cheating: most,
    spoil: (shares, round, random) => {
      const [liar, ...silent] = most(round)
      for (const row of shares)
        for (const holder of silent) if (random.below(2) === 0) row[holder] = undefined
      lieToAll(shares, liar!, random)
    },
    ends: 'sum',
  },
]

/** A fault and no attack: the wrong ones of all shares are at any holders. */
export const SCATTERED: ShareAttack = {
  name: 'one wrong share of each secret, at any holder',
  cheating: ({ state }) => range(0, state.config.clients),
  spoil: (shares, _, random) => {
    for (const owner of shares.keys()) lie(shares, owner, random.below(shares.length), random)
  },
  ends: 'sum',
}
