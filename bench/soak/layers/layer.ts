import type { CryptoProvider } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import type { MaskPoolOptions } from 'secagg/workers'

/** Takes note of an object that nobody may hold once its round is over. */
export type Note = (name: string, thing: object) => void

/** What a program that lives long does with a part of the library, round after round. */
export interface Rounds {
  /** One round, in which everything is made anew that a program can make anew. */
  run(round: number, note: Note): void | Promise<void>
  close?(): void | Promise<void>
}

/** A part of the library; what lives longer than a round is made by opening it. */
export type Layer = (options: Pick<MaskPoolOptions, 'spawn'>) => Rounds | Promise<Rounds>

/** A provider like the platform's, which is a new object each time, as its suites are. */
export async function providerMadeAnew(): Promise<CryptoProvider> {
  const { suites, ...rest } = await defaultCrypto()
  const [aes, chacha] = [suites.aes, suites.chacha].map((suite) => suite && { ...suite })
  return { ...rest, suites: { ...(aes && { aes }), ...(chacha && { chacha }) } }
}

export function noteAll(note: Note, things: Readonly<Record<string, object>>): void {
  for (const [name, thing] of Object.entries(things)) note(name, thing)
}
