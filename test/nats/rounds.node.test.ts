import { ClientSession, createRoundConfig, ServerSession } from 'secagg'
import { natsUnmasker, runWorker } from 'secagg/nats'
import { expect, test } from 'vitest'
import { startNatsServer } from '../support/nats-server.js'
import { KEY } from './support.js'

test.each([undefined, 200])(
  'a round with dropouts, unmasked by workers (slices of %s)',
  async (sliceLength) => {
    const broker = await startNatsServer()
    const connection = { servers: broker.servers }
    const unmasker = await natsUnmasker({ connection, key: KEY, localBytes: 0 })
    const worker = await runWorker({ connection, key: KEY })
    try {
      const config = createRoundConfig({
        sessionId: new Uint8Array(32).fill(9),
        clients: 6,
        adversary: 'honest-but-curious',
        segments: [{ length: 1000, bits: 20, bound: 1000 }],
        sliceLength,
        threshold: 4,
      })
      const server = new ServerSession({ config, plane: unmasker.plane() })
      const clients = Array.from({ length: 6 }, (_, seat) => {
        const input = ({ from, to }: { from: number; to: number }) =>
          new Uint32Array(to - from).fill(seat + 1)
        return new ClientSession({ config, seat, input })
      })
      for (const [seat, client] of clients.entries()) await server.receive(seat, await client.start())
      let outcome = await server.closePhase()
      while (!outcome.done) {
        for (const [seat, bytes] of outcome.messages) {
          if (outcome.phase === 'masked-input' && seat === 2) continue
          await server.receive(seat, await clients[seat]!.receive(bytes))
          for await (const slice of clients[seat]!.slices()) await server.receive(seat, slice)
        }
        outcome = await server.closePhase()
      }
      expect(outcome.report.survivors).toEqual([0, 1, 3, 4, 5])
      expect(outcome.sum[0]).toEqual(new Uint32Array(1000).fill(1 + 2 + 4 + 5 + 6))
      expect(unmasker.metrics()).toMatch(/^secagg_unmask_jobs_total 1$/m)
    } finally {
      await unmasker.close()
      await worker.close()
      await broker.close()
    }
  },
)
