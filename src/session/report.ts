import { type ErrorCode, PHASES, type PhaseName, type SecAggError } from '../errors.js'
import type { ServerState, WrongShare } from '../protocol/server/index.js'

/**
 * The messages of one phase.
 * @public
 */
export interface PhaseCount {
  readonly phase: PhaseName
  /** The seats whose message was expected, ascending. */
  readonly expected: readonly number[]
  /** The seats whose message was accepted and used, ascending. */
  readonly accepted: readonly number[]
  /** How many messages repeated an accepted one and were ignored. */
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
 * What happened in a round. Nothing in it is secret, so it may be logged.
 * @public
 */
export interface RoundReport {
  /** The seats whose inputs are in the sum, U3, ascending. */
  readonly survivors: readonly number[]
  /** One entry for each phase that was closed, in order. */
  readonly phases: readonly PhaseCount[]
  readonly refused: readonly Refusal[]
  /**
   * Shares that did not fit the others, each with the client that revealed it and the client that dealt it. Either may be
   * to blame. If fewer than t + n_C shares fit, the cause can also be several clients that cheat together. The server
   * searches for such shares only if a secret could not be recovered at once.
   */
  readonly wrongShares: readonly WrongShare[]
  /** The clients whose shares conflict with more than n_C others: they cheated, if at most n_C clients did. Ascending. */
  readonly culprits: readonly number[]
}

/** What the ledger of a round contains. */
export interface Books {
  readonly phases: readonly PhaseCount[]
  readonly refused: readonly Refusal[]
  /** How many messages were repeated in the open phase. */
  readonly duplicates: number
}

type ClosedPhase = Pick<PhaseCount, 'phase' | 'expected'>

/** Records what happens in a round. Its size depends on the number of seats, not on the number of messages. */
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

  /** `state`: the server's current state. */
  report(state: ServerState | undefined): RoundReport {
    const survivors = state !== undefined && 'survivors' in state ? state.survivors : []
    const { wrongShares, culprits } = state?.state === 'server-unmasked' ? state : NOTHING_FOUND
    const order = (a: Refusal, b: Refusal): number =>
      PHASES.indexOf(a.phase) - PHASES.indexOf(b.phase) || a.seat - b.seat
    const refused = [...this.#refused.values()].sort(order)
    return { survivors, phases: [...this.#phases], refused, wrongShares, culprits }
  }
}

function keyOf({ seat, phase, code }: Pick<Refusal, 'seat' | 'phase' | 'code'>): string {
  return `${seat} ${phase} ${code}`
}

const NOTHING_FOUND = { wrongShares: [], culprits: [] } as const
