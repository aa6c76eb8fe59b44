import type { RoundConfig } from './config.js'

/** Every seat of the round, ascending. */
export function allSeats({ clients }: RoundConfig): readonly number[] {
  return Array.from({ length: clients }, (_, seat) => seat)
}
