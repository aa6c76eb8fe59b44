import { ClientSession, ServerSession } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { hex, unhex } from './bytes.js'
import type { Hex, RoundInput } from './format.js'
import { elementsOf, libraryClientOptions, libraryServerOptions, providerOf } from './library.js'
import type { Party } from './play.js'

/** One of the library's sessions, to play a transcript with. */
export function libraryParty(round: RoundInput, party: number | 'server', crypto: CryptoProvider): Party {
  let ownState = new Uint8Array(0)
  const save = (bytes: Uint8Array): void => {
    ownState = Uint8Array.from(bytes)
  }
  const seat = party === 'server' ? 0 : party
  const clientCrypto = providerOf(round, seat, crypto)
  const clientOptions = { ...libraryClientOptions(round, seat, clientCrypto), seat, save }
  const serverOptions = { ...libraryServerOptions(round, crypto), save }
  let client = new ClientSession(clientOptions)
  let server = new ServerSession(serverOptions)

  const withSlices = async (first: Uint8Array): Promise<Hex[]> => {
    const messages = [hex(first)]
    for await (const slice of client.slices()) messages.push(hex(slice))
    return messages
  }

  return {
    start: async () => [hex(await client.start())],
    receive: async (message) => withSlices(await client.receive(unhex(message))),
    accept: async (seat, message) => {
      const receipt = await server.receive(seat, unhex(message))
      if (receipt.status === 'refused') throw receipt.error
      if (receipt.status === 'busy') throw new Error('there is no room')
      return receipt.status
    },
    close: async () => {
      const outcome = await server.closePhase()
      if (outcome.done) {
        const culprits = [...outcome.report.culprits]
        const named = round.parameters.keyAgreement !== undefined && culprits.length > 0
        return { phase: 'done', sends: [], sum: elementsOf(outcome.sum), ...(named && { culprits }) }
      }
      const sends = Array.from(outcome.messages, ([seat, bytes]) => ({ seat, message: hex(bytes) }))
      return { phase: outcome.phase, sends, sum: null }
    },
    resume: async (kept) => {
      if (party === 'server') await server.checkpoint()
      const saved = hex(ownState)
      const state = unhex(kept ?? saved)
      if (party !== 'server') {
        client = ClientSession.resume(state, clientOptions)
        return { saved, sends: await withSlices(await client.resend()) }
      }
      server = await ServerSession.resume(state, serverOptions)
      const sends = server.waitingFor.flatMap((seat) => {
        const message = server.messageFor(seat)
        return message === undefined ? [] : [{ seat, message: hex(message) }]
      })
      return { saved, sends }
    },
  }
}
