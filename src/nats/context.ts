import type { Broker } from './broker.js'
import type { Counters } from './counters.js'
import type { Seal } from './sealing.js'
import type { ClusterNames } from './subjects.js'

/** The options of an unmasker that its jobs use, checked. Times are in milliseconds. */
export interface JobOptions {
  readonly redeliverAfter: number
  readonly checkEvery: number
  readonly patience: number
  readonly attempts: number
  readonly replicas: number
  /** In bytes of mask stream. */
  readonly taskBytes: number
}

/** What all jobs of an unmasker share. */
export interface UnmaskerContext {
  readonly broker: Broker
  readonly cluster: ClusterNames
  readonly seal: Seal
  readonly counters: Counters
  readonly options: JobOptions
  /** The maximum number of bytes in a message before it is sealed. */
  readonly largestMessage: number
}
