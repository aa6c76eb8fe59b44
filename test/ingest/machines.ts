import type { IngestChannel, IngestPlace } from '../../src/ingest/assignments.js'
import { kindOf, refusalOf } from '../../src/ingest/group-messages.js'
import { IngestProcess } from '../../src/ingest/ingest-process.js'
import type { SliceStore } from '../../src/plane/index.js'
import type { Connection } from '../../src/transport/connections/connection.js'
import { connectionPair } from '../../src/transport/connections/pair.js'
import { decodeNotice } from '../../src/transport/notices.js'
import { nextTurn } from '../../src/vector/pace.js'
import type { Random } from '../support/seeded.js'

export const KEY: Uint8Array = new Uint8Array(32).fill(9)

/** Ingest processes in memory, which can be killed, and a network between them and the coordinator that loses messages. */
export class Machines implements IngestChannel {
  readonly #processes = new Map<string, IngestProcess>()
  readonly #random: Random
  /** How many requests coordinators have sent. */
  requests = 0
  #started = 0
  /** The number of requests in a hundred that are lost, or whose replies are. */
  lossRate = 0
  /** How many requests to seal are answered with `busy` before one counts. */
  sealing = 0
  /** Whether the network is down: nobody answers. */
  isDown = false
  /** Requests that are delivered again later. */
  readonly #old: { readonly process: string; readonly bytes: Uint8Array }[] = []

  constructor(random: Random, count: number) {
    this.#random = random
    for (let index = 0; index < count; index++) this.start()
  }

  get ids(): readonly string[] {
    return [...this.#processes.keys()]
  }

  /** The number of groups that the processes have. */
  get groups(): number {
    return [...this.#processes.values()].reduce((sum, { counts }) => sum + counts.groups, 0)
  }

  start(): string {
    const id = `p${this.#started++}`
    this.#processes.set(
      id,
      new IngestProcess({ key: KEY, maximumSilence: 1e6, idleTime: Number.POSITIVE_INFINITY }),
    )
    return id
  }

  kill(id: string): void {
    this.#processes.delete(id)
  }

  async discover(): Promise<readonly IngestPlace[]> {
    await nextTurn()
    if (this.isDown) return []
    return this.ids.map((id) => ({ id, address: `memory:${id}` }))
  }

  async request(process: string, bytes: Uint8Array): Promise<Uint8Array> {
    this.requests++
    await nextTurn()
    if (this.isDown) throw new Error('the network is down')
    const isLost = (): boolean => this.#random.below(100) < this.lossRate
    if (isLost()) throw new Error('the request is lost')
    if (this.#random.below(4) === 0) this.#old.push({ process, bytes: bytes.slice() })
    const reply = await this.#answer(process, bytes)
    if (this.lossRate > 0 && this.#random.below(3) === 0) await this.#replay()
    if (isLost()) throw new Error('the reply is lost')
    return reply
  }

  /** Delivers an old request again, except `forget`, which ends what it names. */
  async #replay(): Promise<void> {
    const { process, bytes } = this.#old[this.#random.below(this.#old.length)] ?? {}
    // The kind is the first byte; 2 seals a group too early if an older coordinator asked for it, which did not happen here.
    if (process === undefined || bytes === undefined || bytes[0] === 4 || bytes[0] === 2) return
    await this.#answer(process, bytes).catch(() => undefined)
  }

  async #answer(process: string, bytes: Uint8Array): Promise<Uint8Array> {
    const answering = this.#processes.get(process)
    if (answering === undefined) throw new Error('no process answers')
    if (kindOf(bytes) === 'seal' && this.sealing > 0) {
      this.sealing--
      return refusalOf('busy')
    }
    const reply = await answering.handle(bytes)
    if (!this.#processes.has(process)) throw new Error('the process was killed')
    return reply
  }

  /** Connects a client to a process. */
  connect(address: string): Connection {
    const process = this.#processes.get(address.slice('memory:'.length))
    if (process === undefined) throw new Error('nobody listens')
    const [ours, theirs] = connectionPair()
    void process.accept(theirs)
    return ours
  }
}

/** A store that survives the coordinator. */
export function diskOf(kept: Map<string, Uint8Array>): SliceStore {
  return {
    put: (group, block, bytes) => void kept.set(`${group} ${block}`, bytes),
    get: (group, block) => kept.get(`${group} ${block}`) ?? new Uint8Array(0),
    discard: (group) => {
      for (const key of [...kept.keys()]) if (key.startsWith(`${group} `)) kept.delete(key)
    },
  }
}

/** Sends a vector, or the first `count` messages of it, as a client does. Returns what the process says in the end. */
export async function upload(
  machines: Machines,
  { address, ticket }: { readonly address: string; readonly ticket: Uint8Array },
  messages: readonly Uint8Array[],
  count: number = messages.length,
): Promise<string> {
  try {
    const connection = machines.connect(address)
    // A process may refuse while it still has messages to read.
    const word = (async () => {
      for await (const bytes of connection.messages) {
        const notice = decodeNotice(bytes)
        return notice?.kind === 'refused' ? notice.code : (notice?.kind ?? 'nothing')
      }
      return 'closed'
    })().catch(() => 'lost')
    const sending = (async () => {
      await connection.send(Uint8Array.from(ticket))
      for (const bytes of messages.slice(0, count)) await connection.send(Uint8Array.from(bytes))
      return count < messages.length ? 'left' : await word
    })().catch(() => word)
    const end = await Promise.race([word, sending])
    connection.close()
    return end
  } catch {
    return 'lost'
  }
}
