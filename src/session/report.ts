import { type ErrorCode, PHASES, type PhaseName, type SecAggError } from '../errors.js'
import type { ServerState, WrongShare } from '../protocol/server/index.js'

/**
 * How one round of messages went.
 * @public
 */
export interface PhaseCount {
  readonly phase: PhaseName
  /** The seats whose message was expected, ascending. */
  readonly expected: readonly number[]
  /** The seats whose message was accepted and used, ascending. */
  readonly accepted: readonly number[]
  /** Messages that repeated an accepted one and were ignored. */
  readonly duplicates: number
}

/**
 * Why messages of one seat were refused.
 * @public
 */
export interface Refusal {
  readonly seat: number
  readonly phase: PhaseName
  readonly code: ErrorCode
  readonly reason: string
  /** How many such messages there were. */
  readonly count: number
}

/**
 * What happened in a round, for the host's log; nothing in it is secret.
 * @public
 */
export interface RoundReport {
  /** The seats whose inputs are in the sum, U3, ascending. */
  readonly survivors: readonly number[]
  /** One entry for each round of messages that was closed, in order. */
  readonly phases: readonly PhaseCount[]
  readonly refused: readonly Refusal[]
  /**
   * Shares that did not fit the others, each with the client that revealed it and the one that dealt it: either may be
   * to blame, or, where fewer than t + n_C shares fit, clients that cheat together. Only where a secret did not come
   * out at once were they looked for.
   */
  readonly wrongShares: readonly WrongShare[]
  /** The clients that must have cheated if at most n_C have: they misfit with more than n_C others. Ascending. */
  readonly culprits: readonly number[]
}

/** What was written down so far. */
export interface Books {
  readonly phases: readonly PhaseCount[]
  readonly refused: readonly Refusal[]
  /** Repetitions in the open round. */
  readonly duplicates: number
}

type ClosedPhase = Pick<PhaseCount, 'phase' | 'expected'>

/** Keeps the books of a round. Its memory is bounded by the seats, however many messages come. */
export class Ledger {
  readonly #clients: number
  readonly #phases: PhaseCount[]
  readonly #refused = new Map<string, Refusal>()
  #duplicates: number

  constructor(clients: number, books: Books = { phases: [], refused: [], duplicates: 0 }) {
    this.#clients = clients
    this.#phases = [...books.phases]
    for (const refusal of books.refused) this.#refused.set(keyOf(refusal), refusal)
    this.#duplicates = books.duplicates
  }

  get books(): Books {
    return { phases: this.#phases, refused: [...this.#refused.values()], duplicates: this.#duplicates }
  }

  duplicate(): void {
    this.#duplicates++
  }

  refuse(seat: number, phase: PhaseName, { code, message }: SecAggError): void {
    if (!Number.isInteger(seat) || seat < 0 || seat >= this.#clients) return
    const key = keyOf({ seat, phase, code })
    const count = (this.#refused.get(key)?.count ?? 0) + 1
    this.#refused.set(key, { seat, phase, code, reason: message, count })
  }

  /** The books as they are once a phase is closed. */
  booksAfter({ phase, expected }: ClosedPhase, accepted: readonly number[]): Books {
    const sorted = [...accepted].sort((a, b) => a - b)
    const closed = { phase, expected, accepted: sorted, duplicates: this.#duplicates }
    return { ...this.books, phases: [...this.#phases, closed], duplicates: 0 }
  }

  /** Closes a phase; returns what the listener is told, which shares no list with the books. */
  close(phase: ClosedPhase, accepted: readonly number[]): PhaseCount {
    const count = this.booksAfter(phase, accepted).phases.at(-1)!
    this.#phases.push(count)
    this.#duplicates = 0
    return { ...count, expected: [...count.expected], accepted: [...count.accepted] }
  }

  /** `state`: where the round is. */
  report(state: ServerState | undefined): RoundReport {
    const survivors = state !== undefined && 'survivors' in state ? state.survivors : []
    const { wrongShares, culprits } = state?.state === 'server-unmasked' ? state : NOTHING_FOUND
    const order = (a: Refusal, b: Refusal): number =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.seat - b.seat
    const refused = [...this.#refused.values()].sort(order)
    return { survivors, phases: [...this.#phases], refused, wrongShares, culprits }
  }
}

function keyOf({ seat, phase: round, code }: Pick<Refusal, 'seat' | 'phase' | 'code'>): string {
  return `${seat} ${round} ${code}`
}

const NOTHING_FOUND = { wrongShares: [], culprits: [] } as const
