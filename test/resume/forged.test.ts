import { ClientSession, type RoundParameters, SecAggError, ServerSession } from 'secagg'
import { describe, expect, test } from 'vitest'
import { ACTIVE, CURIOUS } from '../attacks/support.js'
import { run } from '../support/cohort.js'
import { type Random, seeded } from '../support/seeded.js'
import { forgedClient, forgedServer } from './forged.js'
import { savedCohort } from './support.js'

// Who can write the store can make up a whole state, and with it a wrong sum. What no longer makes sense must not do
// more than that: nothing but typed errors, and no end of memory.

const SHAPES: readonly (Pick<RoundParameters, 'clients' | 'adversary'> & Partial<RoundParameters>)[] = [
  CURIOUS,
  ACTIVE,
  {
    ...CURIOUS,
    clients: 9,
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 5,
  },
  {
    ...ACTIVE,
    clients: 6,
    graph: { neighbors: 3, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 4,
  },
  { ...CURIOUS, segments: [{ length: 200, bits: 16, bound: 'modular' }], sliceLength: 64 },
]

/** Some bytes changed, gone or put in, or a length that is far too large. */
function nonsense(random: Random): (body: Uint8Array) => Uint8Array {
  return (body) => {
    const at = random.below(body.length)
    const put = (...bytes: number[]) =>
      body.map((byte, index) => (index >= at ? (bytes[index - at] ?? byte) : byte))
    const between = (rest: number, ...bytes: number[]) =>
      Uint8Array.of(...body.subarray(0, at), ...bytes, ...body.subarray(rest))
    switch (random.below(5)) {
      case 0:
        return put(random.below(256))
      case 1:
        return put(0xff, 0xff, 0xff, 0xff)
      case 2:
        return put(0, 0)
      case 3:
        return between(at + 1 + random.below(8))
      default:
        return between(at, ...random.bytes(1 + random.below(8)))
    }
  }
}

/** What it gives, or `undefined` where it is refused with a typed error that is not this library's own mistake. */
async function orRefused<T>(attempt: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await attempt()
  } catch (error) {
    if (error instanceof SecAggError && error.fault !== 'internal') return undefined
    throw error
  }
}

describe.each(SHAPES)('$clients clients, $adversary, slices of $sliceLength', (shape) => {
  test('a client that is made of nonsense refuses, and does not break', async () => {
    const cohort = await savedCohort(shape)
    const { config, crypto, signers, verifyIdentity, inputs } = cohort
    const forms: Uint8Array[] = []
    const told: Uint8Array[] = []
    await run(cohort, {
      onServerMessage: (seat, _round, bytes) => {
        if (seat === 0) told.push(bytes)
        return bytes
      },
      onClientMessage: (seat, _round, bytes) => {
        if (seat === 0) forms.push(cohort.clientForms.get(0)!)
        return bytes
      },
    })
    const options = { config, input: inputs[0]!, crypto, signer: signers[0], verifyIdentity }
    let resumed = 0
    for (let seed = 0; seed < 60 * forms.length; seed++) {
      await seeded(seed, async (random) => {
        const forged = forgedClient(forms[seed % forms.length]!, nonsense(random))
        const client = await orRefused(() => ClientSession.resume(forged, options))
        if (client === undefined) return
        resumed++
        await orRefused(() => client.resend())
        for (const message of told) await orRefused(() => client.receive(message))
        await orRefused(async () => {
          for await (const slice of client.slices()) expect(slice.length).toBeGreaterThan(0)
        })
        await client.wipe()
      })
    }
    // Not all of it shows: a key is as good as another.
    expect(resumed).toBeGreaterThan(forms.length)
  })

  test('a server that is made of nonsense refuses, and does not break', async () => {
    const cohort = await savedCohort(shape)
    const { config, crypto, verifyIdentity, sessions, server } = cohort
    const said: [seat: number, bytes: Uint8Array][] = []
    const say = async (seat: number, bytes: Uint8Array): Promise<void> => {
      said.push([seat, bytes])
      await server.receive(seat, bytes)
    }
    for (let done = false; !done; ) {
      for (const seat of server.waitingFor) {
        const open = server.messageFor(seat)
        await say(seat, await (open ? sessions[seat]!.receive(open) : sessions[seat]!.start()))
        for await (const slice of sessions[seat]!.slices()) await say(seat, slice)
        if (seat === 2) await server.checkpoint()
      }
      done = (await server.closePhase()).done
    }
    const forms = cohort.serverForms
    let resumed = 0
    for (let seed = 0; seed < 30 * forms.length; seed++) {
      await seeded(seed, async (random) => {
        const part = random.pick(['books', 'books', 'state', 'state', 'sum'] as const)
        const forged = forgedServer(forms[seed % forms.length]!, part, nonsense(random))
        const options = { config, crypto, verifyIdentity, save: () => undefined }
        const again = await orRefused(() => ServerSession.resume(forged, options))
        if (again === undefined) return
        resumed++
        expect(again.report.phases.length).toBeLessThan(6)
        for (const seat of again.waitingFor) again.messageFor(seat)
        for (const [seat, bytes] of said) await again.receive(seat, bytes)
        await orRefused(() => again.checkpoint())
        await orRefused(async () => {
          const outcome = await again.closePhase()
          return outcome.done ? outcome.sum : [...outcome.messages]
        })
      })
    }
    expect(resumed).toBeGreaterThan(forms.length)
  })
})
