import { ClientSession, PHASES, type RoundParameters, ServerSession } from 'secagg'
import { forgedClient, forgedServer } from '../../resume/forged.js'
import { type SavedCohort, savedCohort } from '../../resume/support.js'
import { run as runRound } from '../../support/cohort.js'
import { Choices } from '../choices.js'
import { ensure, type FuzzTarget, outcomeOfAsync } from '../target.js'

type Change = (body: Uint8Array) => Uint8Array

/** What a party had saved when a round of messages was open, and what it would get next. */
interface Saved {
  readonly cohort: SavedCohort
  readonly form: Uint8Array
  readonly inbound: Uint8Array | undefined
}

const shapes: readonly (Pick<RoundParameters, 'clients' | 'adversary'> & Partial<RoundParameters>)[] = [
  { clients: 3, adversary: 'honest-but-curious' },
  { clients: 4, adversary: 'active' },
  {
    clients: 7,
    adversary: 'honest-but-curious',
    graph: { neighbors: 4, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 5,
  },
  {
    clients: 5,
    adversary: 'active',
    graph: { neighbors: 3, assumptions: 'unproven' },
    threshold: 2,
    minimumCohort: 3,
  },
  {
    clients: 3,
    adversary: 'honest-but-curious',
    segments: [{ length: 200, bits: 13, bound: 'modular' }],
    sliceLength: 64,
  },
]
const saved = { client: [] as Saved[], server: [] as Saved[] }
for (const shape of shapes) {
  for (const until of PHASES) {
    if (until === 'consistency-check' && shape.adversary !== 'active') continue
    if (until === 'advertise-keys') continue
    const cohort = await savedCohort(shape)
    const { pending } = await runRound(cohort, { until })
    saved.client.push({ cohort, form: cohort.clientForms.get(0)!, inbound: pending.get(0) })
    const message = await cohort.sessions[1]!.receive(pending.get(1)!)
    saved.server.push({ cohort, form: cohort.serverForms.at(-1)!, inbound: message })
  }
}

const PARTS = ['books', 'state', 'sum'] as const

/**
 * What a store gives back: any bytes, or a genuine form with a part that somebody has replaced who knows how to make
 * checksums. Refused, or a session that ends in typed errors. Which form, what of it, then the bytes.
 */
export const savedSessions: FuzzTarget = {
  name: 'saved sessions',
  sync: false,
  weight: 2,
  maximumLength: 4096,
  *seeds() {
    for (const [index, { form }] of saved.client.entries()) {
      yield Uint8Array.of(0, index, 0, ...form)
      yield Uint8Array.of(0, index, 1, ...bodyOf((change) => forgedClient(form, change)))
    }
    for (const [index, { form }] of saved.server.entries()) {
      yield Uint8Array.of(1, index, 0, ...form)
      for (const [part, name] of PARTS.entries()) {
        yield Uint8Array.of(1, index, part + 1, ...bodyOf((change) => forgedServer(form, name, change)))
      }
    }
  },
  run: async (data) => {
    const choices = new Choices(data)
    const isClient = choices.byte() % 2 === 0
    const { cohort, form, inbound } = choices.pick(isClient ? saved.client : saved.server)
    const how = choices.byte() % (isClient ? 2 : 1 + PARTS.length)
    const bytes = choices.rest()
    const part = PARTS[how - 1] ?? 'books'
    const given =
      how === 0 ? bytes : isClient ? forgedClient(form, () => bytes) : forgedServer(form, part, () => bytes)
    const { config, crypto, inputs, signers, verifyIdentity } = cohort
    if (isClient) {
      const options = { config, crypto, input: inputs[0]!, signer: signers[0], verifyIdentity }
      const outcome = await outcomeOfAsync(async () => ClientSession.resume(given, options))
      if ('error' in outcome) {
        ensure(outcome.error.fault === 'usage', 'what a store gives back is no peer’s fault')
        return
      }
      await outcomeOfAsync(() => outcome.value.resend())
      if (inbound !== undefined) await outcomeOfAsync(() => outcome.value.receive(inbound))
      return
    }
    const outcome = await outcomeOfAsync(() =>
      ServerSession.resume(given, { config, crypto, verifyIdentity }),
    )
    if ('error' in outcome) {
      ensure(outcome.error.fault === 'usage', 'what a store gives back is no peer’s fault')
      return
    }
    const session = outcome.value
    for (const seat of session.waitingFor) await outcomeOfAsync(async () => session.messageFor(seat))
    if (inbound !== undefined) await outcomeOfAsync(() => session.receive(1, inbound))
    await outcomeOfAsync(() => session.closePhase())
  },
}

/** The bytes that a forger is asked to replace. */
function bodyOf(forge: (change: Change) => Uint8Array): Uint8Array {
  let body: Uint8Array = new Uint8Array(0)
  forge((genuine) => {
    body = genuine
    return genuine
  })
  return body
}
