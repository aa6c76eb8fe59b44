import { isChosen, memberAt, visibleFrom } from '../../graph/index.js'
import type { ForwardedShares } from '../../wire/index.js'
import { sealedLengthBetween } from '../parcel-lengths.js'
import { type Outbound, requireRecipient } from '../server/accepted.js'
import type { ServerMasking } from '../server/states.js'

const NOTHING = new Uint8Array(0)

/** The ForwardedShares messages with hybrid key agreement, where parcels differ in length. */
export function forwardParcels(state: ServerMasking): Outbound<ForwardedShares> {
  const { config, graph, clients } = state
  const recipients = clients.map(({ seat }) => seat)
  let places: readonly Places[] | undefined
  return {
    recipients,
    messageFor: (receiver) => {
      requireRecipient(recipients, receiver)
      places ??= placesOfParcels(state)
      const { senders, positions } = places[receiver]!
      const sealed = senders.map((sender, index) => {
        const { seat, ciphertexts } = clients[sender]!
        const from = positions[index]!
        const length = sealedLengthBetween(config, graph, seat, receiver)
        return { seat, value: ciphertexts.subarray(from, from + length) }
      })
      if (!isChosen(graph)) return sealed
      // The receiver also shares masks with clients that have sealed nothing to it.
      return visibleFrom(graph, config.clients, receiver, recipients)
        .filter((seat) => seat !== receiver)
        .map((seat) => memberAt(sealed, seat) ?? { seat, value: NOTHING })
    },
  }
}

/** Where the parcels for one receiver are: in which senders' messages, ascending, and from which byte on in each. */
interface Places {
  readonly senders: number[]
  readonly positions: number[]
}

/** The places of all receivers, by seat. */
function placesOfParcels({ config, graph, clients }: ServerMasking): readonly Places[] {
  const places = Array.from({ length: config.clients }, (): Places => ({ senders: [], positions: [] }))
  clients.forEach(({ seat, peers }, sender) => {
    let position = 0
    for (const peer of peers) {
      const { senders, positions } = places[peer]!
      senders.push(sender)
      positions.push(position)
      position += sealedLengthBetween(config, graph, seat, peer)
    }
  })
  return places
}
