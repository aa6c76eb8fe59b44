import { ClientSession, type CryptoProvider, defaultCrypto, ed25519Signer, ed25519Verifier } from 'secagg'
import { checkPlan, encodeUpdate, openRound, type PreparedUpdate, type RoundPlan } from 'secagg/federated'
import { splitUnevenly } from '../../../examples/mnist/examples.js'
import { modelFromBytes, trainLocally } from '../../../examples/mnist/model.js'
import { requirementsOf } from '../../../examples/mnist/plan.js'
import { SeededRandom } from '../../../examples/mnist/random.js'
import type { Assignment, FromWorker, ToWorker } from './messages.js'

/** One client: its identity, its examples, and its session in the current round. */
interface Client {
  readonly privateKey: Uint8Array
  readonly plan: RoundPlan
  readonly part: Uint32Array
  session?: ClientSession
  /** Milliseconds of training not reported in an answer yet. */
  training: number
}

const clients = new Map<number, Client>()
let crypto: CryptoProvider
let assignment: Assignment
let publicKeys: readonly Uint8Array[] = []
let turn: Promise<void> = Promise.resolve()

// Messages are handled one at a time, in the order in which they arrive.
globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  turn = turn.then(() => handle(data))
})

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case 'assign':
      return assign(message.assignment)
    case 'enrolled':
      publicKeys = message.publicKeys
      return
    case 'round':
      for (const [seat, client] of clients) openRoundFor(seat, client, message)
      return
    case 'message':
      return answer(message.seat, message.bytes)
  }
}

async function assign(given: Assignment): Promise<void> {
  assignment = given
  crypto = await defaultCrypto()
  const { seats, seed, training } = given
  const parts = splitUnevenly(training, given.clients, new SeededRandom(seed, 'split'))
  const identities = new Map<number, Uint8Array>()
  for (const seat of seats) {
    const privateKey = crypto.randomBytes(32)
    const plan = checkPlan(JSON.parse(given.plan), requirementsOf({ clients: given.clients, rounds: 1 }))
    clients.set(seat, { privateKey, plan, part: parts[seat]!, training: 0 })
    identities.set(seat, await crypto.ed25519.publicKey(privateKey))
  }
  post({ kind: 'identities', publicKeys: identities })
}

function openRoundFor(
  seat: number,
  client: Client,
  { number, sessionId, model }: Extract<ToWorker, { kind: 'round' }>,
): void {
  const round = openRound(client.plan, { sessionId, context: { model } })
  // The session asks for the input only after keys and shares are exchanged, so a client that drops out earlier does not train.
  const input = (): PreparedUpdate['input'] => {
    post({ kind: 'training', seat })
    const start = performance.now()
    const random = new SeededRandom(assignment.seed, `training of ${seat} in ${number}`)
    const before = modelFromBytes(model)
    const after = trainLocally(before, assignment.training, client.part, assignment.local, random)
    const update = after.map((value, index) => value - before[index]!)
    client.training = performance.now() - start
    return encodeUpdate(update, client.part.length, round).input
  }
  const { config } = round
  const signer = ed25519Signer(client.privateKey, crypto.ed25519)
  const verifyIdentity = ed25519Verifier((other) => publicKeys[other], crypto.ed25519)
  client.session = new ClientSession({ config, seat, input, crypto, signer, verifyIdentity })
}

async function answer(seat: number, message: Uint8Array | undefined): Promise<void> {
  const client = clients.get(seat)!
  client.training = 0
  try {
    const session = client.session!
    const bytes = await (message === undefined ? session.start() : session.receive(message))
    post({ kind: 'answer', seat, bytes, training: client.training })
  } catch (error) {
    post({ kind: 'refusal', seat, reason: error instanceof Error ? error.message : 'for an unknown reason' })
  }
}

function post(message: FromWorker): void {
  globalThis.postMessage(message)
}
