import type { CryptoProvider } from 'secagg/crypto'
import { hex, unhex } from './bytes.js'
import type { RoundInput } from './format.js'
import { elementsOf, libraryClient, libraryServer } from './library.js'
import type { Party } from './play.js'

/** One of the library's sessions, to play a transcript with. */
export function libraryParty(round: RoundInput, party: number | 'server', crypto: CryptoProvider): Party {
  const client = libraryClient(round, party === 'server' ? 0 : party, crypto)
  const server = libraryServer(round, crypto)
  return {
    start: async () => [hex(await client.start())],
    receive: async (message) => {
      const answers = [hex(await client.receive(unhex(message)))]
      for await (const slice of client.slices()) answers.push(hex(slice))
      return answers
    },
    accept: async (seat, message) => {
      const receipt = await server.receive(seat, unhex(message))
      if (receipt.status === 'refused') throw receipt.error
      if (receipt.status === 'busy') throw new Error('there is no room')
      return receipt.status
    },
    close: async () => {
      const outcome = await server.closePhase()
      if (outcome.done) return { phase: 'done', sends: [], sum: elementsOf(outcome.sum) }
      const sends = Array.from(outcome.messages, ([seat, bytes]) => ({ seat, message: hex(bytes) }))
      return { phase: outcome.phase, sends, sum: null }
    },
  }
}
