import { SecAggError } from 'secagg'
import { expect, test } from 'vitest'
import type { Assignment, Assignments } from '../../src/ingest/assignments.js'
import type { SealedGroup } from '../../src/ingest/group-messages.js'
import { Sealing } from '../../src/ingest/group-sealing.js'
import type { PartialSums } from '../../src/ingest/partial-sums.js'
import { systemClock } from '../../src/transport/clock.js'
import { nextTurn } from '../../src/vector/pace.js'

const GROUPS = 60
const SEALED: SealedGroup = { members: [], digest: new Uint8Array(32), checks: new BigUint64Array(2) }

/** Many groups at two processes. `keep` is called with the process of a group whose blocks are fetched and stored. */
function sealing(keep: (process: string) => Promise<void>): {
  groups: readonly Assignment[]
  start: Sealing
} {
  const groups = Array.from({ length: GROUPS }, (_, group): Assignment => {
    const process = { id: `p${group % 2}`, address: 'memory:' }
    return { group, seats: [group], epoch: 1, process, arrived: new Set(), failures: 0, sealed: undefined }
  })
  const assignments: Partial<Assignments> = {
    get unsealed() {
      return groups.filter(({ sealed }) => sealed === undefined)
    },
    seal: async () => SEALED,
    refreshOne: async () => false,
  }
  const sums: Partial<PartialSums> = { keep: ({ group }) => keep(groups[group]!.process!.id) }
  const start = new Sealing({
    assignments: assignments as Assignments,
    sums: sums as PartialSums,
    segments: [{ length: 1, bits: 8 }],
    clock: systemClock,
    pollTime: 5,
    isOver: () => false,
    onChange: () => undefined,
  })
  return { groups, start }
}

const WANTED = { wanted: new Set<number>(), mayCount: () => true, reuploadTime: 60_000 }

test('the blocks of many groups are not fetched at once, and a slow process holds up only its own', async () => {
  const open = { p0: 0, p1: 0 }
  let most = 0
  let stored = 0
  let release: (() => void) | undefined
  const othersAreDone = new Promise<void>((resolve) => {
    release = resolve
  })
  const { groups, start } = sealing(async (process) => {
    const id = process as keyof typeof open
    open[id]++
    most = Math.max(most, open[id])
    await (id === 'p0' ? othersAreDone : nextTurn())
    open[id]--
    if (id === 'p1' && ++stored === GROUPS / 2) release?.()
  })
  await start.seal(WANTED)
  expect(groups.every(({ sealed }) => sealed === SEALED)).toBe(true)
  expect(most).toBeGreaterThan(1)
  expect(most).toBeLessThanOrEqual(4)
})

test.each([60_000, 0])(
  'after a failure of this machine, groups that wait are left alone (%i ms)',
  async (time) => {
    let calls = 0
    const { groups, start } = sealing(async () => {
      calls++
      await nextTurn()
      throw new SecAggError('storage-failure', 'usage', 'the disk is full')
    })
    const sealed = start.seal({ ...WANTED, reuploadTime: time })
    await expect(sealed).rejects.toMatchObject({ code: 'storage-failure' })
    expect(calls).toBeLessThanOrEqual(16)
    // None counts as lost.
    expect(groups.every(({ sealed }) => sealed === undefined)).toBe(true)
  },
)
