import { sliceCount } from '../../../src/vector/segments.js'
import { PROTOCOL_VERSION } from '../../../src/wire/index.js'
import type { Choices } from '../choices.js'
import { TROUBLES } from '../flaky-disk.js'
import type { InFlight, Transcript } from './transcript.js'

/** What may happen to messages, each time as the bytes say. */
export type Operation = (
  transcript: Transcript,
  choices: Choices,
  foreign: readonly Uint8Array[],
) => Promise<void>

/** To whomever it is for; one that the server has no room for, or cannot store, comes again later. */
async function deliver(transcript: Transcript, { to, seat, bytes }: InFlight): Promise<void> {
  if (to === 'client') return transcript.toClient(seat, bytes)
  const status = await transcript.toServer(seat, bytes)
  if (status === 'busy' || status === 'failed') transcript.inFlight.push({ to, seat, bytes })
}

export const next: Operation = async (transcript) => {
  const message = transcript.inFlight.shift()
  if (message !== undefined) await deliver(transcript, message)
}

const outOfOrder: Operation = async (transcript, choices) => {
  const [message] = transcript.inFlight.splice(choices.below(transcript.inFlight.length), 1)
  if (message !== undefined) await deliver(transcript, message)
}

const drop: Operation = async (transcript, choices) => {
  transcript.inFlight.splice(choices.below(transcript.inFlight.length), 1)
}

const duplicate: Operation = async (transcript, choices) => {
  const message = transcript.inFlight[choices.below(transcript.inFlight.length)]
  if (message !== undefined) await deliver(transcript, message)
}

/** Everything that is on its way. */
export const all: Operation = async (transcript) => {
  for (const message of transcript.inFlight.splice(0)) await deliver(transcript, message)
}

/** One that is spoiled, before the right one. */
const spoil: Operation = async (transcript, choices) => {
  const message = transcript.inFlight[choices.below(transcript.inFlight.length)]
  if (message === undefined) return
  await deliver(transcript, { ...message, bytes: spoiled(message.bytes, transcript.seen, choices) })
}

const toAnotherSeat: Operation = async (transcript, choices) => {
  const message = transcript.inFlight[choices.below(transcript.inFlight.length)]
  if (message === undefined) return
  await deliver(transcript, { ...message, seat: someSeat(transcript, message.to, choices) })
}

const replay: Operation = async (transcript, choices) => {
  await anywhere(transcript, transcript.seen[choices.below(transcript.seen.length)], choices)
}

const fromAnotherRound: Operation = async (transcript, choices, foreign) => {
  await anywhere(transcript, foreign[choices.below(foreign.length)], choices)
}

const anyBytes: Operation = async (transcript, choices) => {
  const header = Uint8Array.of(PROTOCOL_VERSION, 1 + choices.below(10))
  await anywhere(transcript, Uint8Array.of(...header, ...choices.bytes(choices.byte())), choices)
}

export const close: Operation = async (transcript) => {
  await transcript.close()
}

const allAtOnce: Operation = async (transcript, choices) => {
  const messages = transcript.inFlight.splice(0, 1 + choices.below(8))
  await transcript.atOnce(messages, 1 + choices.below(2), choices.below(8))
}

const startLate: Operation = (transcript, choices) =>
  transcript.start(someSeat(transcript, 'client', choices))

export const discardUpload: Operation = (transcript, choices) =>
  transcript.discardUpload(someSeat(transcript, 'server', choices))

const slicesAgain: Operation = (transcript, choices) => {
  const { segments, sliceLength } = transcript.cohort.config
  const seat = someSeat(transcript, 'client', choices)
  return transcript.slicesAgain(seat, Math.min(1 + choices.below(3), sliceCount(segments, sliceLength)))
}

const spoilMasked: Operation = async (transcript, choices) => {
  // Masked vectors are accepted whatever they hold, so that what they change must be in the sum.
  const message = transcript.inFlight.find(
    ({ to, bytes }) => to === 'server' && (bytes[1] === 5 || bytes[1] === 10),
  )
  if (message !== undefined) {
    const at = 2 + choices.below(message.bytes.length - 2)
    await deliver(transcript, { ...message, bytes: message.bytes.with(at, choices.byte()) })
  }
}

/** A client whose secrets are not shared yet deals wrong shares of them. */
const dealWrong: Operation = async ({ cohort }, choices) => {
  cohort.plots.plan(choices.below(cohort.sessions.length), choices)
}

/** A holder lies about shares of many owners, and the server never sees the right ones. */
const lieAboutShares: Operation = async (transcript, choices) => {
  const index = transcript.inFlight.findIndex(({ to, bytes }) => to === 'server' && bytes[1] === 9)
  const [message] = index < 0 ? [] : transcript.inFlight.splice(index, 1)
  if (message === undefined) return
  const [from, every, mask] = [3 + choices.byte(), 1 + choices.below(16), choices.byte()]
  const lie = (byte: number, at: number) => (at >= from && at % every === 0 ? byte ^ mask : byte)
  await deliver(transcript, { ...message, bytes: message.bytes.map(lie) })
}

export const checkpoint: Operation = (transcript) => transcript.checkpoint()

export const killServer: Operation = (transcript) => transcript.kill()

/** Of the server's disk; whatever fails is of the store of slices or of the session. */
export const weather: Operation = async ({ cohort: { disk } }, choices) => {
  disk.weather(choices.byte(), choices.byte() & ~TROUBLES.execute, choices.pick([0, 10, 50, 100]))
}

export const OPERATIONS: readonly Operation[] = [
  all,
  close,
  next,
  outOfOrder,
  drop,
  duplicate,
  spoil,
  spoil,
  spoilMasked,
  toAnotherSeat,
  replay,
  fromAnotherRound,
  anyBytes,
  allAtOnce,
  startLate,
  discardUpload,
  slicesAgain,
  checkpoint,
  killServer,
  weather,
  weather,
  dealWrong,
  lieAboutShares,
  lieAboutShares,
]

async function anywhere(
  transcript: Transcript,
  bytes: Uint8Array | undefined,
  choices: Choices,
): Promise<void> {
  const to = choices.pick(['server', 'client'] as const)
  const seat = someSeat(transcript, to, choices)
  if (bytes !== undefined) await deliver(transcript, { to, seat, bytes })
}

/** To the server, a message may come from a seat that does not exist. */
function someSeat({ cohort }: Transcript, to: InFlight['to'], choices: Choices): number {
  return choices.below(cohort.sessions.length + (to === 'server' ? 1 : 0))
}

function spoiled(bytes: Uint8Array, seen: readonly Uint8Array[], choices: Choices): Uint8Array {
  const at = choices.below(bytes.length + 1)
  switch (choices.below(5)) {
    case 0:
      return bytes.slice(0, at)
    case 1:
      return Uint8Array.of(...bytes, ...choices.bytes(1 + choices.below(40)))
    case 2:
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << choices.below(8)) : byte))
    case 3: {
      const other = seen[choices.below(seen.length)]!
      return Uint8Array.of(...bytes.subarray(0, at), ...other.subarray(at))
    }
    default:
      return Uint8Array.of(...bytes.subarray(0, at), ...bytes.subarray(at + 1))
  }
}
