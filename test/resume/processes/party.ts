/** The program of a process that is killed: it hosts clients, or servers of several rounds, and does as it is told. */
import { mkdirSync } from 'node:fs'
import {
  ClientSession,
  createRoundConfig,
  defaultCrypto,
  ed25519Signer,
  ed25519Verifier,
  localPlane,
  SecAggError,
  ServerSession,
} from 'secagg'
import { executeMaskPlan } from 'secagg/vector'
import { readStored, sliceFiles, store } from './durable-files.js'
import type { ClientTask, Point, Said, ServerTask, ServerView, Setup, Task } from './tasks.js'

const crypto = await defaultCrypto()

/** Tells the test what becomes of a party's task, and stops where the party is to be killed. */
class Speaker {
  task = 0
  stop: Point | undefined

  readonly reach = async (point: Point): Promise<void> => {
    if (point !== this.stop) return
    await say({ task: this.task, at: point })
    await new Promise(() => undefined)
  }

  async send(seat: number, bytes: Uint8Array): Promise<void> {
    const half = bytes.length >>> 1
    await say({ task: this.task, seat, part: bytes.slice(0, half), last: false })
    await this.reach('half a message sent')
    await say({ task: this.task, seat, part: bytes.slice(half), last: true })
    await this.reach('message sent')
  }
}

interface Hosted<S> {
  readonly session: S
  readonly speaker: Speaker
}

/** By their folders. */
const clients = new Map<string, Hosted<ClientSession>>()
const servers = new Map<string, Hosted<ServerSession>>()

function say(what: Said): Promise<void> {
  return new Promise((resolve) => process.send!(what, () => resolve()))
}

function commonOf({ parameters, publicKeys }: Setup) {
  const verifyIdentity = ed25519Verifier((seat) => publicKeys[seat], crypto.ed25519)
  return { config: createRoundConfig(parameters), crypto, verifyIdentity }
}

function openClient(task: ClientTask): Hosted<ClientSession> {
  const { folder, seat, input, privateKey } = task
  const speaker = new Speaker()
  mkdirSync(folder, { recursive: true })
  const options = {
    ...commonOf(task),
    input,
    signer: privateKey && ed25519Signer(privateKey, crypto.ed25519),
    save: (bytes: Uint8Array) => store(`${folder}/session`, bytes, speaker.reach),
  }
  const stored = readStored(`${folder}/session`)
  // Where nothing is stored, nothing has left either.
  const session = stored ? ClientSession.resume(stored, options) : new ClientSession({ ...options, seat })
  return { session, speaker }
}

async function openServer(task: ServerTask): Promise<Hosted<ServerSession>> {
  const { folder } = task
  const speaker = new Speaker()
  mkdirSync(`${folder}/slices`, { recursive: true })
  const maskExecutor: typeof executeMaskPlan = async (...masks) => {
    await executeMaskPlan(...masks)
    await speaker.reach('removing masks')
  }
  const options = {
    ...commonOf(task),
    plane: localPlane({ maskExecutor, sliceStore: sliceFiles(`${folder}/slices`, speaker.reach) }),
    save: (bytes: Uint8Array) => store(`${folder}/session`, bytes, speaker.reach),
  }
  const stored = readStored(`${folder}/session`)
  const session = stored ? await ServerSession.resume(stored, options) : new ServerSession(options)
  return { session, speaker }
}

async function actAsClient(number: number, task: ClientTask): Promise<undefined> {
  const { session, speaker } = clients.get(task.folder) ?? openClient(task)
  clients.set(task.folder, { session, speaker })
  Object.assign(speaker, { task: number, stop: task.stop })
  const answer = await answerOf(session, task.act)
  await speaker.reach('saved')
  await speaker.send(task.seat, answer)
  for await (const slice of session.slices()) await speaker.send(task.seat, slice)
  await speaker.reach('all sent')
}

function answerOf(session: ClientSession, act: ClientTask['act']): Promise<Uint8Array> {
  if (act === 'start') return session.start()
  return act === 'resend' ? session.resend() : session.receive(act)
}

async function actAsServer(number: number, task: ServerTask): Promise<ServerView> {
  const { session, speaker } = servers.get(task.folder) ?? (await openServer(task))
  servers.set(task.folder, { session, speaker })
  const { messages, checkpointAfter, close, stop } = task
  const receipts: string[] = []
  const view = () => ({ phase: session.phase, waitingFor: session.waitingFor, receipts })
  for (const [index, [seat, bytes]] of messages.entries()) {
    // The points of saving are meant for the end of the round.
    Object.assign(speaker, { task: number, stop: undefined })
    if (index === checkpointAfter) await session.checkpoint()
    Object.assign(speaker, { task: number, stop })
    receipts.push((await session.receive(seat, bytes)).status)
  }
  Object.assign(speaker, { task: number, stop })
  await speaker.reach('collected')
  if (close) {
    const outcome = await session.closePhase()
    await speaker.reach('saved')
    if (outcome.done) return { ...view(), sum: outcome.sum, survivors: outcome.report.survivors }
  }
  for (const seat of session.waitingFor) {
    const open = session.messageFor(seat)
    if (open !== undefined) await speaker.send(seat, open)
  }
  await speaker.reach('all sent')
  return view()
}

process.on('message', async ({ number, task }: { number: number; task: Task }) => {
  try {
    const finished =
      task.party === 'client' ? await actAsClient(number, task) : await actAsServer(number, task)
    await say({ task: number, finished })
  } catch (error) {
    await say({ task: number, failed: error instanceof SecAggError ? error.code : 'untyped' })
  }
})
