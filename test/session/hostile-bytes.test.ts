import { SecAggError } from 'secagg'
import { describe, expect, it } from 'vitest'
import { run, runCohort } from '../support/cohort.js'
import { named, randomOf } from '../support/seeded.js'
import { MODELS_AND_ROUNDS } from './versions.js'

/** Spoiled forms of a message: one byte changed, cut short, lengthened, and noise behind a good header. */
function* spoiled(bytes: Uint8Array, seed: number): Generator<Uint8Array> {
  const random = randomOf(seed)
  for (let at = 0; at < bytes.length; at += 1 + random.below(9)) {
    const changed = bytes.slice()
    changed[at]! ^= 1 << random.below(8)
    yield changed
    yield bytes.slice(0, at)
  }
  yield Uint8Array.of(...bytes, 0)
  for (let i = 0; i < 20; i++) yield Uint8Array.of(1, 1 + random.below(9), ...random.bytes(random.below(300)))
}

describe.each(MODELS_AND_ROUNDS)('hostile bytes, %s, %s', (adversary, round) => {
  it('from the server: the client answers or refuses with a typed error that blames the server', async () => {
    const attempt = () => runCohort({ clients: 4, threshold: 3, adversary, until: round })
    let { sessions, pending } = await attempt()
    let refused = 0
    for (const bytes of spoiled(pending.get(0)!, 801)) {
      const error = await sessions[0]!.receive(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      if (error === undefined) {
        // It was taken, as the change makes no difference that this client can see. Begin anew for the next.
        const fresh = await attempt()
        sessions = fresh.sessions
        pending = fresh.pending
        continue
      }
      refused++
      expect(error).toBeInstanceOf(SecAggError)
      expect(error).toMatchObject({ fault: 'server', culprits: [] })
    }
    expect(refused).toBeGreaterThan(20)
  })

  it('from a client: the server takes or refuses them, and uses nothing that it refused', async () => {
    const cohort = await runCohort({ clients: 4, threshold: 3, adversary, until: round })
    const { server, sessions, pending } = cohort
    const good = await sessions[0]!.receive(pending.get(0)!)
    let taken = false
    let refused = 0
    for (const bytes of spoiled(good, 802)) {
      const receipt = await named(`${bytes.slice(0, 40)}`, () => server.receive(0, bytes))
      if (receipt.status === 'accepted') {
        expect(taken).toBe(false)
        taken = true
      } else if (receipt.status === 'refused') {
        refused++
        expect(receipt.error).toMatchObject({ name: 'SecAggError', fault: 'peer', culprits: [0] })
      }
    }
    expect(refused).toBeGreaterThan(20)
    if (taken) return
    // Nothing that it sent was taken, so the other three have their sum without it.
    const { outcome, expected } = await run({ ...cohort, pending: withoutSeat(pending, 0) })
    expect(outcome?.report.rounds.find((entry) => entry.round === round)?.accepted).toEqual([1, 2, 3])
    expect(outcome?.sum).toEqual(expected)
  })
})

function withoutSeat(pending: ReadonlyMap<number, Uint8Array>, without: number): Map<number, Uint8Array> {
  return new Map([...pending].filter(([seat]) => seat !== without))
}
