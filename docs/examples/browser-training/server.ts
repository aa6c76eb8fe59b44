import { randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeOutcome, openRound, type RoundMean, type RoundPlan } from 'secagg/federated'
import { unflatten } from 'secagg/tensors'
import { messageLimits, type RoundHandle, serveRound, socketConnection } from 'secagg/transport'
import { WebSocketServer } from 'ws'
import { type PageFile, pageFiles } from './files.js'
import { writeOnnx } from './onnx.js'
import { randomFrom } from './points.js'
import { type Invitation, modelBytes, planTraining, type Report } from './task.js'

export interface TrainingOptions {
  readonly clients: number
  readonly rounds: number
  /** 0: any port that is free. */
  readonly port: number
  /** The seed of the first model. */
  readonly seed: number
  /** Whether the links ask the pages to send their updates in the clear, too. */
  readonly compare: boolean
  /** Called after each round. */
  onRound?(number: number, mean: RoundMean): void
  /** Called with what a page tells about itself. The page waits until it returns. */
  onReport?(seat: number, report: Report): void | Promise<void>
}

/** A training that is running. */
export interface Training {
  /** The address of each client's page. */
  readonly links: readonly string[]
  readonly plan: RoundPlan
  /** Resolves with the averaged model after the last round. */
  readonly model: Promise<Float32Array>
  close(): void
}

/** A page that has been closed may come back within this time, in milliseconds. */
const RECONNECT_TIME = 1000
/** How long the first round waits until all pages are open. */
const OPENING_TIME = 600_000
/** How long a later round waits for the pages of the round before, in milliseconds. */
const JOINING_TIME = 10_000

const POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; img-src data:"

export async function startTraining(options: TrainingOptions): Promise<Training> {
  const { clients, compare } = options
  const server = new TrainingServer(options, await pageFiles())
  const address = await server.listen(options.port)
  const links = Array.from({ length: clients }, (_, seat) => server.link(seat, address, compare))
  return { links, plan: server.plan, model: server.run(), close: () => server.close() }
}

class TrainingServer {
  readonly plan: RoundPlan
  readonly #options: TrainingOptions
  readonly #tokens: readonly string[]
  readonly #files: ReadonlyMap<string, PageFile>
  readonly #http: Server
  #sockets: WebSocketServer | undefined
  /** Wakes the pages that wait for the next round. */
  readonly #waiting = new Set<() => void>()
  #model: Float32Array
  #open:
    | { readonly number: number; readonly sessionId: Uint8Array; readonly serving: RoundHandle }
    | undefined
  #isOver = false

  constructor(options: TrainingOptions, files: ReadonlyMap<string, PageFile>) {
    const { clients, seed } = options
    this.#options = options
    this.#files = files
    this.plan = planTraining(clients)
    this.#model = firstModel(this.plan, seed)
    // Whoever has a client's token can take part as this client.
    this.#tokens = Array.from({ length: clients }, () => randomBytes(16).toString('hex'))
    this.#http = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.writeHead(400).end())
    })
  }

  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#http.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
    this.#acceptSockets()
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`
  }

  #acceptSockets(): void {
    const round = openRound(this.plan, { sessionId: randomBytes(32) })
    // The largest message depends on the plan only.
    this.#sockets = new WebSocketServer({
      server: this.#http,
      maxPayload: messageLimits(round.config).fromClient,
    })
    this.#sockets.on('connection', (socket, request) => {
      // A page cannot set headers of a WebSocket, so its token is the name of the subprotocol.
      const seat = this.#tokens.indexOf(socket.protocol)
      const open = this.#open
      if (seat < 0 || request.url !== `/rounds/${open?.number}`) socket.close(1008, 'no such client or round')
      else open!.serving.connect(seat, socketConnection(socket))
    })
  }

  link(seat: number, address: string, compare: boolean): string {
    return `${address}/#${this.#tokens[seat]}${compare ? '&compare' : ''}`
  }

  async run(): Promise<Float32Array> {
    const { rounds, onRound } = this.#options
    let present: number | undefined
    for (let number = 1; number <= rounds; number++) {
      const sessionId = randomBytes(32) // a new one for every round
      const round = openRound(this.plan, { sessionId, context: { model: modelBytes(this.#model) } })
      const serving = serveRound({
        config: round.config,
        reconnectTime: RECONNECT_TIME,
        // Later rounds wait only briefly for pages that have been closed.
        phases: {
          'advertise-keys':
            present === undefined ? { deadline: OPENING_TIME } : { enough: present, deadline: JOINING_TIME },
        },
      })
      this.#open = { number, sessionId, serving }
      this.#wake()
      const mean = decodeOutcome(await serving.outcome, round)
      this.#model = this.#model.map((value, index) => value + mean.mean[index]!)
      present = mean.survivors.length
      onRound?.(number, mean)
    }
    this.#isOver = true
    this.#wake()
    return this.#model
  }

  close(): void {
    this.#isOver = true
    this.#wake()
    for (const socket of this.#sockets?.clients ?? []) socket.terminate()
    this.#http.close()
    this.#http.closeAllConnections()
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
    this.#waiting.clear()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
    const file = this.#files.get(pathname)
    if (file !== undefined) {
      response.writeHead(200, { 'content-type': file.type, 'content-security-policy': POLICY })
      response.end(file.bytes)
      return
    }
    const seat = this.#tokens.indexOf(request.headers.authorization ?? '')
    if (seat < 0) response.writeHead(401).end()
    else if (pathname === '/invitation') await this.#invite(seat, Number(searchParams.get('after')), response)
    else if (pathname === '/model.json') {
      response.end(JSON.stringify({ plan: this.plan, model: [...this.#model] }))
    } else if (pathname === '/model.onnx') {
      response.end(writeOnnx(unflatten(this.#model, this.plan.manifest!)))
    } else if (pathname === '/report' && this.#options.compare) {
      await this.#options.onReport?.(seat, JSON.parse(await textOf(request)))
      response.end()
    } else response.writeHead(404).end()
  }

  /** Answers when a round after round `after` is open, or when there are no more rounds. */
  async #invite(seat: number, after: number, response: ServerResponse): Promise<void> {
    while (!this.#isOver && this.#open?.number === after) {
      await new Promise<void>((resolve) => {
        this.#waiting.add(resolve)
      })
    }
    if (this.#isOver || this.#open === undefined) {
      response.writeHead(204).end()
      return
    }
    const { number, sessionId } = this.#open
    const invitation: Invitation = {
      number,
      seat,
      plan: this.plan,
      sessionId: Buffer.from(sessionId).toString('hex'),
      model: [...this.#model],
    }
    response.end(JSON.stringify(invitation))
  }
}

/** Random weights (Glorot and Bengio 2010), and biases of 0. */
function firstModel({ manifest, length }: RoundPlan, seed: number): Float32Array {
  const random = randomFrom(seed)
  const model = new Float32Array(length)
  for (const { shape, offset } of manifest!.tensors) {
    const [inputs, outputs] = shape
    if (inputs === undefined || outputs === undefined) continue
    const limit = Math.sqrt(6 / (inputs + outputs))
    for (let i = 0; i < inputs * outputs; i++) model[offset + i] = (2 * random() - 1) * limit
  }
  return model
}

/** The longest report, in characters. */
const LONGEST = 2 ** 20

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > LONGEST) throw new Error('the report is too long')
  }
  return text
}
