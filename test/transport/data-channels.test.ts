import { type Connection, runClient, type Socket, serveRound, socketConnection } from 'secagg/transport'
import { expect, test } from 'vitest'
import { CURIOUS, expectRefusal, seatsBelow } from '../attacks/support.js'
import { makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { toySplitter } from '../support/toy-crypto.js'
import { FakeSocket, sockets } from './fake-socket.js'

/** The longest message of a data channel in the common browsers. */
const LONGEST = 2 ** 18

/** For Node, which has no data channels: throws at a message that is too long, as those of browsers do. */
class FakeChannel extends FakeSocket {
  override send(data: ArrayBuffer): void {
    if (data.byteLength > LONGEST) throw new TypeError('larger than max-message-size')
    super.send(data)
  }
}

/** Both ends of a data channel (a real one if the host has them), and a function that closes them. */
async function channels(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  if (!('RTCPeerConnection' in globalThis)) {
    const [near, far] = sockets(FakeChannel)
    for (const end of [near, far]) end.readyState = 'open'
    return { near, far, close: () => near.close() }
  }
  const [one, other] = [new RTCPeerConnection(), new RTCPeerConnection()]
  one.onicecandidate = ({ candidate }) => candidate && other.addIceCandidate(candidate)
  other.onicecandidate = ({ candidate }) => candidate && one.addIceCandidate(candidate)
  const near = one.createDataChannel('round')
  const arriving = new Promise<RTCDataChannel>((resolve) => {
    other.ondatachannel = ({ channel }) => resolve(channel)
  })
  await one.setLocalDescription()
  await other.setRemoteDescription(one.localDescription!)
  await other.setLocalDescription()
  await one.setRemoteDescription(other.localDescription!)
  const close = (): void => {
    one.close()
    other.close()
  }
  return { near, far: await arriving, close }
}

async function overChannels(sliceLength: number | undefined) {
  const { config, crypto, inputs } = await makeCohort({
    ...{ ...CURIOUS, clients: 2, sliceLength },
    segments: [{ length: 150_000, bits: 16, bound: 'modular' }],
  })
  const round = serveRound({ config, crypto, deadline: 20_000 })
  const open: (() => void)[] = []
  const parts = seatsBelow(2).map((seat) =>
    runClient(
      async (): Promise<Connection> => {
        const { near, far, close } = await channels()
        open.push(close)
        round.connect(seat, socketConnection(far))
        return socketConnection(near)
      },
      { config, crypto, seat, input: inputs[seat]!, splitSecret: toySplitter(seat) },
    ),
  )
  return { config, inputs, round, parts, close: () => open.map((close) => close()) }
}

test('a vector in slices goes over data channels', async () => {
  const { config, inputs, round, parts, close } = await overChannels(100_000)
  const { sum } = await round.outcome
  expect(sum).toEqual(sumOf(config, [0, 1], inputs))
  expect(await Promise.all(parts)).toEqual([{ included: true }, { included: true }])
  await round.closed
  close()
})

test('in one message it is too long for them, and the client reports that immediately', async () => {
  const { round, parts, close } = await overChannels(undefined)
  const ended = round.outcome.catch((error: unknown) => error)
  for (const part of parts) {
    const error = await expectRefusal(part, { code: 'message-refused', fault: 'network', phase: undefined })
    expect([error.got, error.message]).toEqual(['message-too-long', expect.stringContaining('sliceLength')])
  }
  expect(await ended).toMatchObject({ code: 'too-few-clients' })
  await round.closed
  close()
})
