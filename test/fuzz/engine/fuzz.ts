import { type Random, randomOf } from '../../support/seeded.js'
import type { FuzzTarget } from '../target.js'
import type { Coverage } from './coverage.js'
import type { CurrentInput } from './current.js'
import { mutated } from './mutate.js'

export interface Campaign {
  readonly seed: number
  /** Ends after so many inputs, or so much time. */
  readonly inputs: number
  readonly milliseconds: number
  /** What earlier campaigns have kept. */
  readonly kept: Iterable<Uint8Array>
  readonly current: CurrentInput
  readonly coverage: Coverage
  /** Is given each input that reaches something new. */
  keep(data: Uint8Array): void
}

/** What a campaign came to; `finding` is an input that breaks the invariant, and how. */
export interface CampaignResult {
  readonly inputs: number
  readonly milliseconds: number
  readonly corpus: number
  /** The counters of the branches that inputs have reached. */
  readonly reached: readonly number[]
  readonly counts: Readonly<Record<string, number>>
  readonly finding?: { readonly data: Uint8Array; readonly error: string }
}

interface Entry {
  readonly data: Uint8Array
  chosen: number
}

/** Mutates inputs that reached something new, and keeps those that do. The same seed makes the same inputs. */
export async function fuzz(target: FuzzTarget, campaign: Campaign): Promise<CampaignResult> {
  const { coverage, current, seed } = campaign
  const random = randomOf(seed)
  const corpus: Entry[] = []
  const started = performance.now()
  let inputs = 0

  const failureOf = async (data: Uint8Array): Promise<string | undefined> => {
    inputs++
    current.begin(data)
    try {
      const running = target.run(data)
      if (running !== undefined) await running
      return undefined
    } catch (error) {
      return error instanceof Error ? `${error.stack}` : String(error)
    }
  }
  const attempt = async (data: Uint8Array): Promise<string | undefined> => {
    const failure = await failureOf(data)
    if (failure !== undefined || !coverage.takeNews()) return failure
    corpus.push({ data, chosen: 0 })
    campaign.keep(data)
    return undefined
  }
  const resultOf = (finding?: CampaignResult['finding']): CampaignResult => ({
    inputs,
    milliseconds: performance.now() - started,
    corpus: corpus.length,
    reached: coverage.reached,
    counts: target.counts?.() ?? {},
    ...(finding && { finding }),
  })
  const found = async (data: Uint8Array, error: string): Promise<CampaignResult> => {
    const result = resultOf()
    const smallest = await shrunk(data, error, failureOf)
    return { ...result, finding: { data: smallest, error } }
  }

  const isOver = (): boolean =>
    inputs >= campaign.inputs || performance.now() - started >= campaign.milliseconds
  // In any order, so that a short campaign has some of all.
  for (const data of random.shuffle([...(await target.seeds()), ...campaign.kept])) {
    if (isOver()) break
    const error = await attempt(data)
    if (error !== undefined) return found(data, error)
  }
  // Where no seed reaches any counter, nothing is instrumented.
  if (corpus.length === 0) throw new Error('the seeds reach no instrumented code')
  while (!isOver()) {
    const data = nextInput(corpus, target.maximumLength, random)
    const error = await attempt(data)
    if (error !== undefined) return found(data, error)
  }
  return resultOf()
}

/** Of two inputs the one that was chosen less often, spoiled. */
function nextInput(corpus: readonly Entry[], longest: number, random: Random): Uint8Array {
  const [one, other, third] = [random.pick(corpus), random.pick(corpus), random.pick(corpus)]
  const entry = one.chosen < other.chosen ? one : other
  entry.chosen++
  return mutated(entry.data, third.data, longest, random)
}

/** Without the pieces that the failure can do without. */
async function shrunk(
  data: Uint8Array,
  error: string,
  failureOf: (data: Uint8Array) => Promise<string | undefined>,
): Promise<Uint8Array> {
  const [headline] = error.split('\n', 1)
  let smallest = data
  for (let piece = 2 ** Math.floor(Math.log2(data.length || 1)); piece >= 1; piece /= 2) {
    for (let at = smallest.length - piece; at >= 0; at -= piece) {
      const without = Uint8Array.of(...smallest.subarray(0, at), ...smallest.subarray(at + piece))
      if ((await failureOf(without))?.split('\n', 1)[0] === headline) smallest = without
    }
  }
  return smallest
}
