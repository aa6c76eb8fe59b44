import { ClientSession, type Vector } from 'secagg'
import { describe, expect, it } from 'vitest'
import { makeCohort, run } from '../support/cohort.js'
import { sumOf } from '../support/inputs.js'
import { deliver, deliverAll, finish, maskedVectors, ROUND, SLICES } from './sliced-rounds.js'

describe('a vector that goes in slices', () => {
  it.each(['honest-but-curious', 'active'] as const)('gives the same sum, %s', async (adversary) => {
    const round = await maskedVectors({ ...ROUND, adversary })
    for (const [seat, slices] of round.vectors.entries()) {
      expect(slices).toHaveLength(SLICES)
      await deliver(round, seat, slices)
    }
    const sum = await finish(round, await round.server.closePhase())
    expect(sum).toEqual(sumOf(round.config, [0, 1, 2, 3], round.inputs))
  })

  it('arrives in any order and from all clients at once', async () => {
    const round = await maskedVectors()
    for (const slice of [3, 0, 4, 1, 2]) {
      for (const [seat, slices] of round.vectors.entries()) {
        expect(round.server.waitingFor).toContain(seat)
        await deliver(round, seat, [slices[slice]!])
      }
    }
    expect(round.server.waitingFor).toEqual([])
    const sum = await finish(round, await round.server.closePhase())
    expect(sum).toEqual(sumOf(round.config, [0, 1, 2, 3], round.inputs))
  })

  it('counts only when its last slice is there', async () => {
    const round = await maskedVectors()
    for (const seat of [0, 1, 3]) await deliver(round, seat, round.vectors[seat]!)
    await deliver(round, 2, round.vectors[2]!.slice(0, -1))
    expect(round.server.waitingFor).toEqual([2])
    const outcome = await round.server.closePhase()
    expect(round.server.report.survivors).toEqual([0, 1, 3])
    const late = await round.server.receive(2, round.vectors[2]!.at(-1)!)
    expect(late).toMatchObject({ status: 'refused', error: { code: 'late-message', culprits: [2] } })
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 3], round.inputs))
  })

  it('is asked for slice by slice where the input is a function', async () => {
    const asked: string[] = []
    const { inputs } = await makeCohort(ROUND)
    const { vectorInRange } = await import('secagg/vector')
    const round = await maskedVectors({
      ...ROUND,
      inputs,
      clientOptions: (seat) => ({
        input: (range) => {
          if (seat === 0) asked.push(`${range.from}-${range.to}`)
          return vectorInRange(inputs[seat]!, ROUND.segments!, range)
        },
      }),
    })
    // The first slice once, as it is kept; the others for the digest and for the mask.
    const others = ['61-125', '125-189', '189-253', '253-300']
    expect(asked).toEqual(['0-61', ...others, ...others])
    await deliverAll(round)
    const sum = await finish(round, await round.server.closePhase())
    expect(sum).toEqual(sumOf(round.config, [0, 1, 2, 3], inputs))
  })

  it('can be sent again from any slice on, with the same bytes', async () => {
    const { sessions, pending, vectors } = await maskedVectors()
    const again: Uint8Array[] = []
    for await (const slice of sessions[1]!.slices(3)) again.push(slice)
    expect(again).toEqual(vectors[1]!.slice(3))
    expect(await sessions[1]!.receive(pending.get(1)!)).toEqual(vectors[1]![0])
    const rest: Uint8Array[] = []
    for await (const slice of sessions[1]!.slices()) rest.push(slice)
    expect(rest).toEqual(vectors[1]!.slice(1))
  })

  it('is not masked any further where the input has changed in the meantime', async () => {
    const cohort = await makeCohort(ROUND)
    const { pending } = await run(cohort, { until: 'masked-input' })
    const session = cohort.sessions[0]!
    await session.receive(pending.get(0)!)
    const values = cohort.inputs[0]![1]!
    values[70] = (values[70] as number) ^ 1
    const slices = session.slices()
    await slices.next()
    await expect(slices.next()).rejects.toMatchObject({ code: 'input-changed', fault: 'usage' })
    values[70] = (values[70] as number) ^ 1
    expect((await session.slices(2).next()).done).toBe(false)
  })

  it('has no slices before the masked input is due, none after it, and none where it goes whole', async () => {
    const early = await makeCohort(ROUND)
    expect((await early.sessions[0]!.slices().next()).done).toBe(true)
    await early.sessions[0]!.start()
    expect((await early.sessions[0]!.slices().next()).done).toBe(true)
    const { sessions, server, vectors, ...round } = await maskedVectors()
    for (const [seat, slices] of vectors.entries())
      await deliver({ sessions, server, ...round }, seat, slices)
    await finish({ sessions, server, ...round }, await server.closePhase())
    expect((await sessions[0]!.slices().next()).done).toBe(true)
    const whole = await makeCohort({ ...ROUND, sliceLength: undefined })
    await run(whole, { until: 'masked-input' })
    expect((await whole.sessions[0]!.slices().next()).done).toBe(true)
  })

  it('names the element that is out of range by its place in the segment', async () => {
    const { config, inputs, crypto } = await makeCohort(ROUND)
    const input = inputs[0]!.map((lanes) => lanes.slice()) as Vector
    input[1]![150] = 1000
    const session = new ClientSession({ config, seat: 0, input, crypto })
    await expect(session.start()).rejects.toThrow(/element 150 of segment 1 is not below 1000/)
  })
})

describe('a server that takes in slices', () => {
  it('ignores a slice that comes again and refuses another version of it', async () => {
    const round = await maskedVectors()
    const [first, second] = round.vectors[2]!
    await deliver(round, 2, [first!])
    expect(await round.server.receive(2, first!)).toEqual({ status: 'duplicate' })
    const other = Uint8Array.from(first!)
    other[20]! ^= 1
    expect(await round.server.receive(2, other)).toMatchObject({
      status: 'refused',
      error: { code: 'conflicting-message', culprits: [2] },
    })
    await deliver(round, 2, [second!])
    for (const [seat, slices] of round.vectors.entries())
      await deliver(round, seat, slices.slice(seat === 2 ? 2 : 0))
    expect(await round.server.receive(2, first!)).toEqual({ status: 'duplicate' })
    const outcome = await round.server.closePhase()
    expect(await round.server.receive(2, first!)).toEqual({ status: 'duplicate' })
    expect(await finish(round, outcome)).toEqual(sumOf(round.config, [0, 1, 2, 3], round.inputs))
  })

  it('holds no more unfinished vectors than it is told to', async () => {
    const round = await maskedVectors({ ...ROUND, serverOptions: { maximumUploads: 2 } })
    await deliver(round, 0, round.vectors[0]!.slice(0, 1))
    await deliver(round, 1, round.vectors[1]!.slice(0, 1))
    const busy = await round.server.receive(2, round.vectors[2]![0]!)
    expect(busy.status).toBe('busy')
    let hasRoom = false
    const room = busy.status === 'busy' ? busy.room.then(() => (hasRoom = true)) : undefined
    await deliver(round, 0, round.vectors[0]!.slice(1, -1))
    expect(hasRoom).toBe(false)
    await deliver(round, 0, round.vectors[0]!.slice(-1))
    await room
    expect(hasRoom).toBe(true)
    await deliver(round, 2, round.vectors[2]!)
    await deliver(round, 1, round.vectors[1]!.slice(1))
    expect(await finish(round, await round.server.closePhase())).toEqual(
      sumOf(round.config, [0, 1, 2], round.inputs),
    )
  })

  it('forgets the slices of a client that is gone, which may begin again', async () => {
    const round = await maskedVectors({ ...ROUND, serverOptions: { maximumUploads: 1 } })
    await deliver(round, 3, round.vectors[3]!.slice(0, 3))
    const busy = await round.server.receive(0, round.vectors[0]![0]!)
    expect(await round.server.discardUpload(3)).toBe(true)
    expect(await round.server.discardUpload(3)).toBe(false)
    if (busy.status === 'busy') await busy.room
    await deliverAll(round)
    expect(await round.server.discardUpload(3)).toBe(false)
    expect(await finish(round, await round.server.closePhase())).toEqual(
      sumOf(round.config, [0, 1, 2, 3], round.inputs),
    )
  })

  it('refuses slices of the wrong length, with padding that is not zero, or with no number of a slice', async () => {
    const round = await maskedVectors()
    const [first] = round.vectors[0]!
    const padded = Uint8Array.from(first!)
    padded[padded.length - 1]! |= 0x80
    const far = Uint8Array.from(first!)
    far[5] = 1
    const bad = [
      first!.subarray(0, -1),
      Uint8Array.of(...first!, 0),
      padded,
      far,
      first!.subarray(0, 5),
      first!.subarray(0, 2),
    ]
    for (const bytes of bad) {
      expect(await round.server.receive(0, bytes)).toMatchObject({
        status: 'refused',
        error: { code: 'malformed-message', fault: 'peer', culprits: [0] },
      })
    }
    await deliverAll(round)
    expect(await finish(round, await round.server.closePhase())).toEqual(
      sumOf(round.config, [0, 1, 2, 3], round.inputs),
    )
  })
})
