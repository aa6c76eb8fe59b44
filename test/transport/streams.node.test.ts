import { PassThrough, type Readable, type Writable } from 'node:stream'
import { framedConnection, messageLimits, runClient, serveRound } from 'secagg/transport'
import { expect, test } from 'vitest'
import { ACTIVE, seatsBelow } from '../attacks/support.js'
import { makeCohort } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { toySplitter } from '../support/toy-crypto.js'

/** A connection over two streams of Node; `write` waits until there is room. */
function overStreams(readable: Readable, writable: Writable, longest: number) {
  const write = (bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      writable.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  return framedConnection({ readable, write, close: () => writable.end() }, longest)
}

test('a round over streams of Node that buffer only a few bytes', async () => {
  const { config, crypto, inputs, signers, verifyIdentity } = await makeCohort({
    ...ACTIVE,
    clients: 6,
    segments: [{ length: 500, bits: 16, bound: 'modular' }],
    sliceLength: 128,
  })
  const { fromClient, fromServer } = messageLimits(config)
  const round = serveRound({ config, crypto, verifyIdentity, maximumUploads: 1 })
  const clients = seatsBelow(6).map((seat) => {
    const connect = () => {
      const [up, down] = [new PassThrough({ highWaterMark: 16 }), new PassThrough({ highWaterMark: 16 })]
      round.connect(seat, overStreams(up, down, fromClient))
      return overStreams(down, up, fromServer)
    }
    const session = { config, crypto, seat, verifyIdentity, input: inputs[seat]!, signer: signers[seat] }
    return runClient(connect, { ...session, splitSecret: toySplitter(seat) })
  })
  const { sum, report } = await round.outcome
  expect(report.survivors).toEqual(seatsBelow(6))
  expect(sum).toEqual(sumOf(config, seatsBelow(6), inputs))
  expect(await Promise.all(clients)).toEqual(seatsBelow(6).map(() => ({ included: true })))
  await round.closed
})
