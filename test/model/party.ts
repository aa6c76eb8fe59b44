import type { RoundInput } from '../vectors/format.js'
import type { Party } from '../vectors/play.js'
import { hex, unhex } from './bytes.js'
import { configurationOf } from './configuration.js'
import { elements, modelClient, modelServer } from './round.js'

/** A client or the server of the model, to play a transcript with. */
export function modelParty(round: RoundInput, party: number | 'server'): Party {
  const configuration = configurationOf(round.parameters)
  const client = modelClient(round, configuration, party === 'server' ? 0 : party)
  const server = modelServer(round, configuration)
  return {
    start: async () => [hex(client.start())],
    receive: async (message) => client.receive(unhex(message)).map(hex),
    accept: async (seat, message) => (server.receive(seat, unhex(message)) ? 'accepted' : 'duplicate'),
    close: async () => {
      const messages = server.close()
      return {
        phase: server.round ?? 'done',
        sends: Array.from(messages, ([seat, bytes]) => ({ seat, message: hex(bytes) })),
        sum: server.sum === undefined ? null : elements(server.sum),
      }
    },
  }
}
