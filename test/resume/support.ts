import { ClientSession, type RoundParameters, ServerSession, type ServerSessionOptions } from 'secagg'
import { CURIOUS } from '../attacks/support.js'
import { type Cohort, type CohortOptions, makeCohort } from '../support/cohort.js'
import { toySplitter } from '../support/toy-crypto.js'

/** A round of five clients, whose vectors travel in slices. */
export const SLICED: CohortOptions & Pick<RoundParameters, 'segments'> = {
  ...CURIOUS,
  segments: [{ length: 200, bits: 16, bound: 'modular' }],
  sliceLength: 64,
}
export const EVERYBODY: readonly number[] = [0, 1, 2, 3, 4]

/** A cohort whose parties save themselves, and can be brought back from what they saved last. */
export interface SavedCohort extends Cohort {
  /** What each client saved last, by seat. */
  readonly clientForms: ReadonlyMap<number, Uint8Array>
  /** Everything that the server has saved, in order. */
  readonly serverForms: readonly Uint8Array[]
  /** A new process for the client at `seat`, which knows nothing but what was saved. */
  resumeClient(seat: number, input?: ClientInput, form?: Uint8Array): ClientSession
  resumeServer(form?: Uint8Array): Promise<ServerSession>
}

type ClientInput = Parameters<typeof ClientSession.resume>[1]['input']

export async function savedCohort(
  options: CohortOptions & { readonly onSave?: (who: number | 'server') => void },
): Promise<SavedCohort> {
  const clientForms = new Map<number, Uint8Array>()
  const serverForms: Uint8Array[] = []
  const { onSave } = options
  const saveClient = (seat: number) => (bytes: Uint8Array) => {
    onSave?.(seat)
    clientForms.set(seat, bytes)
  }
  const saveServer = (bytes: Uint8Array): void => {
    onSave?.('server')
    serverForms.push(bytes)
  }
  const cohort = await makeCohort({
    ...options,
    clientOptions: (seat) => ({ ...options.clientOptions?.(seat), save: saveClient(seat) }),
    serverOptions: { ...options.serverOptions, save: saveServer },
  })
  const { config, crypto, inputs, signers, verifyIdentity } = cohort
  const splitSecret = options.splitSecret ?? toySplitter((options.seed ?? 1) + 99)
  const serverOptions: ServerSessionOptions = {
    config,
    crypto,
    verifyIdentity,
    ...options.serverOptions,
    save: saveServer,
  }
  return {
    ...cohort,
    clientForms,
    serverForms,
    resumeClient: (seat, input = inputs[seat]!, form = clientForms.get(seat)!) =>
      ClientSession.resume(form, {
        config,
        input,
        crypto,
        splitSecret,
        signer: signers[seat],
        verifyIdentity,
        save: saveClient(seat),
      }),
    resumeServer: (form = serverForms.at(-1)!) => ServerSession.resume(form, serverOptions),
  }
}
