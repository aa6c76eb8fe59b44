import type { Elements, Failure, Hex, Operation, Transcript } from './format.js'

/** One party as a transcript sees it; whatever it refuses, it throws. */
export interface Party {
  start(): Promise<Hex[]>
  receive(message: Hex): Promise<Hex[]>
  accept(seat: number, message: Hex): Promise<'accepted' | 'duplicate'>
  close(): Promise<{
    phase: string
    sends: { seat: number; message: Hex }[]
    sum: Elements | null
    culprits?: number[]
  }>
  /** Goes on from what was saved: from its own state, unless one is given. */
  resume(saved?: Hex): Promise<{ saved: Hex; sends: Hex[] | { seat: number; message: Hex }[] }>
}

/** What a transcript says beforehand: which operations there are, and which of them are to fail. */
export type Planned =
  | { do: 'start' }
  | { do: 'receive'; message: Hex; fails?: Failure }
  | { do: 'accept'; seat: number; message: Hex; fails?: Failure }
  | { do: 'close'; fails?: Failure }
  | { do: 'resume'; saved?: Hex }

/** The operations as they went. */
export async function play(party: Party, planned: readonly Planned[]): Promise<Operation[]> {
  const operations: Operation[] = []
  for (const each of planned) {
    const outcome = await attempt(() => carryOut(party, each))
    const { fails: _, ...asked } = { fails: undefined, ...inputOf(each) }
    operations.push({ ...asked, ...outcome } as Operation)
  }
  return operations
}

/** The same operations, without what came of them. */
export function inputOf(operation: Operation | Planned): Planned {
  switch (operation.do) {
    case 'start':
      return { do: 'start' }
    case 'receive':
      return { do: 'receive', message: operation.message }
    case 'accept':
      return { do: 'accept', seat: operation.seat, message: operation.message }
    case 'close':
      return { do: 'close' }
    case 'resume':
      return { do: 'resume', ...(operation.saved !== undefined && { saved: operation.saved }) }
  }
}

export type TranscriptPlan = Omit<Transcript, 'operations'> & { readonly operations: readonly Planned[] }

async function carryOut(party: Party, operation: Planned): Promise<object> {
  switch (operation.do) {
    case 'start':
      return { sends: await party.start() }
    case 'receive':
      return { sends: await party.receive(operation.message) }
    case 'accept':
      return { result: await party.accept(operation.seat, operation.message) }
    case 'close':
      return party.close()
    case 'resume':
      return party.resume(operation.saved)
  }
}

async function attempt(work: () => Promise<object>): Promise<object> {
  try {
    return await work()
  } catch (error) {
    const { code, phase, culprits } = error as Partial<Failure>
    if (code === undefined) throw error
    return { fails: code === 'wrong-mask-secret' ? { phase, code, culprits } : { phase, code } }
  }
}
