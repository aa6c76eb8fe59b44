import { randomBytes } from 'node:crypto'
import { decodeOutcome, encodeUpdate, openRound, planRound, type RoundTask } from 'secagg/federated'
import { createFixedPoint, createWeightedMean, decodeWeighted, encodeWeighted } from 'secagg/fixed-point'
import {
  createPrivateStatistics,
  createStatistics,
  type Definition,
  encodePrivateRecords,
  encodeRecords,
  openStatistics,
} from 'secagg/statistics'
import { flatten, manifestBytes, manifestOf, unflatten } from 'secagg/tensors'
import {
  addInto,
  createVector,
  executeMaskPlan,
  packVector,
  reduceInto,
  unpackVector,
  type Vector,
} from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'
import { type Layer, noteAll, providerMadeAnew, type Rounds } from './layer.js'

const tensorsOf = (round: number) => ({
  kernel: { shape: [4, 8], data: new Float32Array(32).fill(round % 2) },
  bias: { shape: [8], data: new Float64Array(8).fill(0.5) },
})

export const flatValues: Layer = () => ({
  run: (round, note) => {
    const tensors = tensorsOf(round)
    const manifest = manifestOf(tensors)
    const encoding = createFixedPoint({ clip: 1, bitsPerValue: 16, clients: 10, maximumWeight: 5 })
    const task = createWeightedMean(manifest.length, encoding)
    const { input } = encodeWeighted(flatten(tensors, manifest), 3, task)
    const { mean } = decodeWeighted(input, 1, task)
    unflatten(mean, manifest)
    manifestBytes(manifest)
    noteAll(note, { tensors, manifest, encoding, task, input, mean })
  },
})

export const exactUpdates: Layer = () => updates({ clip: 1 })

export const privateUpdates: Layer = () =>
  updates({ privacy: { epsilon: 8, delta: 1e-6, rounds: 10, clipNorm: 1 } })

/** A plan lives as long as its training; rounds and updates come and go, in some programs providers too. */
function updates(values: Pick<RoundTask, 'clip' | 'privacy'>): Rounds {
  const plan = planRound({
    tensors: { kernel: [4, 8], bias: [8] },
    clients: 4,
    adversary: 'honest-but-curious',
    dropoutFraction: 0.25,
    corruptFraction: 0,
    ...values,
  })
  return {
    run: async (number, note) => {
      const round = openRound(plan, { sessionId: randomBytes(32), context: { model: randomBytes(8) } })
      const sum = createVector(plan.segments)
      const survivors = [0, 1, 2, 3]
      for (const seat of survivors) {
        const crypto = await providerMadeAnew()
        const update = tensorsOf(number + seat)
        const { input } = encodeUpdate(update, 1, round, { crypto })
        addInto(sum, input.vector, plan.segments)
        noteAll(note, { crypto, update, input })
      }
      reduceInto(sum, plan.segments)
      const mean = decodeOutcome({ sum, configHash: round.config.hash, report: { survivors } }, round)
      noteAll(note, { round, sum, mean })
    },
  }
}

const definition = {
  age: { kind: 'mean', from: 0, to: 120, step: 1 },
  stay: { kind: 'histogram', edges: [0, 1, 3, 7, 14] },
  code: { kind: 'sketch', depth: 3, width: 20, seed: '00112233445566778899aabbccddeeff' },
} as const satisfies Definition

const record = { age: 50, stay: 4, code: 'J45' }

export const clearStatistics: Layer = () => {
  const kept = createStatistics(definition, { clients: 20 })
  return {
    run: (_, note) => {
      const fresh = createStatistics(definition, { clients: 20 })
      for (const statistics of [kept, fresh]) {
        const round = openStatistics(statistics, { sessionId: randomBytes(32), adversary: 'active' })
        noteAll(note, { round, encoded: encodeRecords(record, round) })
      }
      noteAll(note, { fresh })
    },
  }
}

export const noisyStatistics: Layer = () => {
  const goal = { clients: 20, minimumHonest: 12, epsilon: 4, delta: 1e-5 }
  const statistics = createPrivateStatistics(definition, goal)
  return {
    run: async (_, note) => {
      const crypto = await providerMadeAnew()
      const round = openStatistics(statistics, {
        sessionId: randomBytes(32),
        adversary: 'active',
        corruptClients: 2,
        minimumCohort: 14,
      })
      noteAll(note, { crypto, round, encoded: encodePrivateRecords(record, round, crypto) })
    },
  }
}

/** A pool lives as long as its program, and so does a signal that stops all of it. */
export const masks: Layer = async ({ spawn }) => {
  const pool = await createMaskPool({ workers: 1, spawn })
  const { signal } = new AbortController()
  return {
    run: async (round, note) => {
      const { suites } = await providerMadeAnew()
      const suite = suites.aes!
      // Enough work for threads every hundredth time only, as it takes long.
      const segments = [{ length: round % 100 === 0 ? 2 ** 21 : 100, bits: 32 }]
      const plan = [1, 2, 3].map((byte) => ({ seed: new Uint8Array(16).fill(byte), sign: 1 as const }))
      const vector: Vector = createVector(segments)
      await pool.execute(vector, segments, plan, suite, { signal })
      await executeMaskPlan(vector, segments, plan.slice(0, 1), suite, { signal })
      const packed = packVector(vector, segments)
      noteAll(note, { suite, segments, plan, vector, packed, unpacked: unpackVector(packed, segments) })
    },
    close: () => pool.close(),
  }
}
