import type { RoundInput } from '../vectors/format.js'
import type { Party } from '../vectors/play.js'
import { hex, unhex } from './bytes.js'
import type { Client } from './client/client.js'
import { configurationOf } from './configuration.js'
import { TYPE } from './messages.js'
import { elements, modelClient, modelServer } from './round.js'
import type { Server } from './server/server.js'
import { sliceCount } from './vectors.js'

/**
 * A client or the server of the model, to play a transcript with. What it saves is what it has drawn and the messages that it
 * has taken. When it is resumed, it makes everything else again from these.
 */
export function modelParty(round: RoundInput, party: number | 'server'): Party {
  return party === 'server' ? serverParty(round) : clientParty(round, party)
}

function clientParty(round: RoundInput, seat: number): Party {
  const configuration = configurationOf(round.parameters)
  const saved: Uint8Array[] = []
  let client: Client = modelClient(round, configuration, seat)
  const receive = (message: Uint8Array): readonly Uint8Array[] => client.receive(message)
  return {
    ...refusing(),
    start: async () => [hex(client.start())],
    receive: async (message) => {
      const answers = receive(unhex(message))
      saved.push(unhex(message))
      return answers.map(hex)
    },
    resume: async (state) => {
      client = modelClient(round, configuration, seat)
      let last: readonly Uint8Array[] = [client.start()]
      for (const message of saved) last = receive(message)
      return { saved: state ?? '', sends: last.map(hex) }
    },
  }
}

function serverParty(round: RoundInput): Party {
  const configuration = configurationOf(round.parameters)
  /** In order, what was accepted in each phase. */
  let saved: { seat: number; bytes: Uint8Array }[][] = [[]]
  let server: Server = modelServer(round, configuration)
  let told: ReadonlyMap<number, Uint8Array> = new Map()
  const isWhole = (step: number, seat: number): boolean => {
    const messages = saved[step]!.filter((each) => each.seat === seat)
    if (messages.some(({ bytes }) => bytes[1] === TYPE.complaint)) return true
    return messages.length === (step === 2 ? sliceCount(configuration) : 1)
  }
  return {
    ...refusing(),
    accept: async (seat, message) => {
      const isNew = server.receive(seat, unhex(message))
      if (isNew) saved.at(-1)!.push({ seat, bytes: unhex(message) })
      return isNew ? 'accepted' : 'duplicate'
    },
    close: async () => {
      told = server.close()
      saved.push([])
      return {
        phase: server.round ?? 'done',
        sends: Array.from(told, ([seat, bytes]) => ({ seat, message: hex(bytes) })),
        sum: server.sum === undefined ? null : elements(server.sum),
        ...(server.culprits.length > 0 && { culprits: [...server.culprits] }),
      }
    },
    resume: async (state) => {
      // Vectors of which slices are missing start again.
      saved = saved.map((messages, step) => messages.filter(({ seat }) => isWhole(step, seat)))
      server = modelServer(round, configuration)
      saved.forEach((messages, step) => {
        if (step > 0) told = server.close()
        for (const { seat, bytes } of messages) server.receive(seat, bytes)
      })
      const answered = new Set(saved.at(-1)!.map(({ seat }) => seat))
      const waiting = Array.from(told).filter(([seat]) => !answered.has(seat))
      return {
        saved: state ?? '',
        sends: waiting.map(([seat, bytes]) => ({ seat, message: hex(bytes) })),
      }
    },
  }
}

/** What the other kind of party does. */
function refusing(): Party {
  const no = (): Promise<never> => Promise.reject(new Error('this party does not do that'))
  return { start: no, receive: no, accept: no, close: no, resume: no }
}
