import type { Configuration } from '../configuration.js'
import { type Round, TYPE } from '../messages.js'
import { sliceCount } from '../vectors.js'

// The rounds, and the type of the message that each collects.

/** The types that are due in a round: that of its message, and [hybrid] that of a complaint in place of a masked input. */
export function typesOf(configuration: Configuration, round: Round): readonly number[] {
  const type = typeOf(configuration, round)
  return configuration.hybrid && round === 'masked-input' ? [type, TYPE.complaint] : [type]
}

function typeOf(configuration: Configuration, round: Round): number {
  switch (round) {
    case 'advertise-keys':
      return TYPE.advertiseKeys
    case 'share-keys':
      return TYPE.shareKeys
    case 'masked-input':
      return sliceCount(configuration) === 1 ? TYPE.maskedInput : TYPE.maskedSlice
    case 'consistency-check':
      return configuration.graph === 'chosen' ? TYPE.acknowledgements : TYPE.consistencyCheck
    case 'unmasking':
      return TYPE.unmasking
  }
}

/** Whether messages of this type were collected in a round that is over; `open` is none after the sum. */
export function isOver(configuration: Configuration, open: Round | undefined, type: number): boolean {
  const rounds: Round[] = ['advertise-keys', 'share-keys', 'masked-input']
  if (configuration.active) rounds.push('consistency-check')
  rounds.push('unmasking')
  const over = open === undefined ? rounds : rounds.slice(0, rounds.indexOf(open))
  return over.some((round) => typesOf(configuration, round).includes(type))
}
