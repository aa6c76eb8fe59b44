import type { Assignment, FromWorker, ToWorker } from './messages.js'

/** The answer of a client, and how long it trained for it, in milliseconds. */
export interface Answer {
  readonly bytes: Uint8Array
  readonly training: number
}

interface Waiting {
  resolve(answer: Answer): void
  reject(reason: Error): void
}

/** The workers in which the clients run. */
export class ClientWorkers {
  readonly #workers: readonly Worker[]
  /** The worker of each seat. */
  readonly #homes = new Map<number, Worker>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #onTraining: (seat: number) => void
  readonly #failures: ((reason: Error) => void)[] = []
  /** The identity keys of all clients, by seat. */
  publicKeys: readonly Uint8Array[] = []

  private constructor(workers: readonly Worker[], onTraining: (seat: number) => void) {
    this.#workers = workers
    this.#onTraining = onTraining
  }

  /** Starts a worker for each group of seats and makes every client's identity known to all. */
  static async start(
    groups: readonly (readonly number[])[],
    assignment: Omit<Assignment, 'seats'>,
    onTraining: (seat: number) => void,
  ): Promise<ClientWorkers> {
    const workers = groups.map(() => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' }))
    const started = new ClientWorkers(workers, onTraining)
    const identities = new Map<number, Uint8Array>()
    await Promise.all(
      groups.map(async (seats, index) => {
        const worker = workers[index]!
        for (const seat of seats) started.#homes.set(seat, worker)
        const found = await started.#listen(worker, { ...assignment, seats })
        for (const [seat, key] of found) identities.set(seat, key)
      }),
    )
    started.publicKeys = Array.from({ length: assignment.clients }, (_, seat) => identities.get(seat)!)
    started.#tellAll({ kind: 'enrolled', publicKeys: started.publicKeys })
    return started
  }

  /** Tells every client to open a round. */
  openRound(number: number, sessionId: Uint8Array, model: Uint8Array): void {
    this.#tellAll({ kind: 'round', number, sessionId, model })
  }

  /** Passes a message to a client. Rejects if the client refuses it or the worker is lost. */
  ask(seat: number, bytes: Uint8Array | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(seat, { resolve, reject })
      const message: ToWorker = { kind: 'message', seat, bytes }
      this.#homes.get(seat)!.postMessage(message)
    })
  }

  close(): void {
    for (const worker of this.#workers) worker.terminate()
    this.#fail(new Error('the workers were stopped'))
  }

  #tellAll(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message)
  }

  /** Assigns clients to a worker and listens to their messages from then on. */
  #listen(worker: Worker, assignment: Assignment): Promise<ReadonlyMap<number, Uint8Array>> {
    return new Promise((resolve, reject) => {
      this.#failures.push(reject)
      worker.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
        if (data.kind === 'identities') resolve(data.publicKeys)
        else this.#hear(data)
      })
      worker.addEventListener('error', ({ message }) => {
        this.#fail(new Error(message ?? 'a worker did not start'))
      })
      const message: ToWorker = { kind: 'assign', assignment }
      worker.postMessage(message)
    })
  }

  #hear(message: Exclude<FromWorker, { kind: 'identities' }>): void {
    const { seat } = message
    if (message.kind === 'training') {
      this.#onTraining(seat)
      return
    }
    const waiting = this.#waiting.get(seat)
    this.#waiting.delete(seat)
    if (message.kind === 'answer') waiting?.resolve(message)
    else waiting?.reject(new Error(`client ${seat} refuses: ${message.reason}`))
  }

  #fail(reason: Error): void {
    for (const { reject } of this.#waiting.values()) reject(reason)
    this.#waiting.clear()
    for (const reject of this.#failures) reject(reason)
  }
}
