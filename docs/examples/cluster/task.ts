import { createHash } from 'node:crypto'
import { createRoundConfig, type RoundConfig } from 'secagg'

/** The shape of the rounds, which every process is started with. */
export interface Task {
  readonly clients: number
  readonly length: number
  readonly rounds: number
}

/** In this example everybody computes the configuration. In production, the coordinator sends it with a fresh session id. */
export function configOf({ clients, length }: Task, run: string, round: number): RoundConfig {
  return createRoundConfig({
    sessionId: new Uint8Array(createHash('sha256').update(`${run} ${round}`).digest()),
    clients,
    adversary: 'honest-but-curious',
    segments: [{ length, bits: 32, bound: 1_000_000 }],
    threshold: Math.floor(0.7 * clients),
  })
}

/** A vector that is easy to check. */
export function inputOf({ length }: Task, round: number, seat: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => (index * 31 + seat * 7919 + round) % 1_000_000)
}

/** Some clients vanish before they have sent their vectors. */
export function vanishes(round: number, seat: number): boolean {
  return (seat * 7 + round) % 20 === 0
}
