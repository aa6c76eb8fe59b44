import { ClientSession, type CryptoProvider, type RoundParameters, ServerSession } from 'secagg'
import { withPostQuantum } from 'secagg/post-quantum'
import { expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { toyCrypto } from '../support/toy-crypto.js'

const sparse = { threshold: 3, minimumCohort: 4 }
const ROUNDS: readonly (Partial<RoundParameters> & Pick<RoundParameters, 'clients' | 'adversary'>)[] = [
  { clients: 6, adversary: 'honest-but-curious' },
  { clients: 8, adversary: 'active' },
  {
    clients: 8,
    adversary: 'honest-but-curious',
    graph: { neighbors: 6, assumptions: 'unproven' },
    ...sparse,
  },
  { clients: 8, adversary: 'active', graph: { neighbors: 5, assumptions: 'unproven' }, ...sparse },
]

// Every party is resumed from its saved bytes before and after every message. One client drops out, and one complains.
test.each(ROUNDS)('parties that are resumed before every message get the right sum (%o)', async (round) => {
  const crypto: CryptoProvider = await withPostQuantum(toyCrypto(1))
  const saved = new Map<number | 'server', Uint8Array>()
  const store = (name: number | 'server') => ({ save: (bytes: Uint8Array) => void saved.set(name, bytes) })
  const cohort = await makeCohort({
    ...round,
    keyAgreement: 'x25519-ml-kem-768',
    crypto,
    segments: [{ length: 200, bits: 16, bound: 'modular' }],
    sliceLength: 64,
    clientOptions: store,
    serverOptions: store('server'),
  })
  const { config, inputs, signers, verifyIdentity } = cohort
  const clientAt = (seat: number): ClientSession =>
    ClientSession.resume(saved.get(seat)!, {
      config,
      input: inputs[seat]!,
      crypto,
      signer: signers[seat],
      verifyIdentity,
      ...store(seat),
    })
  const serverAgain = (): Promise<ServerSession> =>
    ServerSession.resume(saved.get('server')!, { config, crypto, verifyIdentity, ...store('server') })

  let server = cohort.server
  for (const session of cohort.sessions)
    await server.receive(cohort.sessions.indexOf(session), await session.start())
  await server.checkpoint()
  const [dropping, complaining] = [0, 1]
  const gone = new Set<number>()
  for (;;) {
    server = await serverAgain()
    const outcome = await server.closePhase()
    if (outcome.done) {
      expect([...outcome.report.survivors!]).toEqual(inputs.flatMap((_, seat) => (seat > 1 ? [seat] : [])))
      const sum = new Uint16Array(200)
      for (const [input] of inputs.slice(2))
        for (const [at, value] of input!.entries()) sum[at]! += Number(value)
      expect(outcome.sum).toEqual([sum])
      return
    }
    for (const [seat, given] of outcome.messages) {
      const isMasking = outcome.phase === 'masked-input'
      if (isMasking && seat === dropping) gone.add(seat)
      if (gone.has(seat)) continue
      const bytes = Uint8Array.from(given)
      // The last byte of the message belongs to a confirmation, if its last sender sends.
      if (isMasking && seat === complaining) for (let at = bytes.length - 1; at > 8; at -= 97) bytes[at]! ^= 1
      const answer = await clientAt(seat).receive(bytes)
      const again = clientAt(seat)
      expect(await again.resend()).toEqual(answer)
      expect(await again.receive(bytes)).toEqual(answer)
      await server.receive(seat, answer)
      for await (const slice of again.slices()) await server.receive(seat, slice)
      if (isMasking && seat === complaining) {
        expect([answer[1], again.done]).toEqual([14, true])
        gone.add(seat)
      }
      await server.checkpoint()
      server = await serverAgain()
    }
  }
})
