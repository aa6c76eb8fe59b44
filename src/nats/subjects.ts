import { ascii, bytesToHex } from '../crypto/bytes.js'
import type { Seal } from './sealing.js'

/** Subjects and names on the broker. All are public, so everything in them that is not a plain word is a MAC or random. */
export interface ClusterNames {
  /** The coordinator announces its jobs here. */
  readonly jobs: string
  /** The tasks of all jobs of this cluster. */
  readonly tasks: string
  /** The tasks of all jobs of one coordinator. */
  tasksOf(coordinator: string): Promise<string>
  /** A new job of a coordinator. `id` is random. */
  job(coordinator: string, id: Uint8Array): Promise<JobNames>
}

/** A job of a coordinator. */
export interface JobNames {
  /** Distinguishes it from all other jobs. */
  readonly id: string
  /** All its results. */
  readonly results: string
  /**
   * A new stream for its messages. `epoch` is random: a stream must never get the name of an earlier one. An acknowledgement
   * that a worker sends too late consists of the name of a stream and the number of a message, and would delete another one.
   */
  stream(epoch: Uint8Array): StreamNames
}

/** The name of a stream with tasks, and the prefix of the subjects in it. */
export interface StreamNames {
  readonly stream: string
  readonly subject: string
}

/** The last part of a subject names what the message is about. */
export const taskSubject = ({ subject }: StreamNames, name: string): string => `${subject}.task.${name}`
export const seedsSubject = ({ subject }: StreamNames, name: string): string => `${subject}.seeds.${name}`
export const resultSubject = ({ subject }: StreamNames, name: string): string => `${subject}.result.${name}`

/** What is in the last part of a subject. */
export function lastPart(subject: string): string {
  return subject.slice(subject.lastIndexOf('.') + 1)
}

/** The names of a stream, or `undefined` if it is not one of a job. */
export function streamNames(stream: string): StreamNames | undefined {
  if (!/^secagg(_[0-9a-f]{32}){4}$/.test(stream)) return undefined
  return { stream, subject: stream.replaceAll('_', '.') }
}

/** The names of a cluster follow from its key, so that clusters can share a broker. */
export async function clusterNames(seal: Seal): Promise<ClusterNames> {
  const cluster = `secagg.${await seal.name('cluster')}`
  const prefixOf = async (coordinator: string): Promise<string> =>
    `${cluster}.${await seal.name('coordinator', ascii(coordinator))}`
  return {
    jobs: `${cluster}.jobs`,
    tasks: `${cluster}.*.*.*.task.*`,
    tasksOf: async (coordinator) => `${await prefixOf(coordinator)}.*.*.task.*`,
    job: async (coordinator, id) => {
      const job = `${await prefixOf(coordinator)}.${bytesToHex(id)}`
      return {
        id: job,
        results: `${job}.*.result.*`,
        stream: (epoch) => {
          const subject = `${job}.${bytesToHex(epoch)}`
          return { stream: subject.replaceAll('.', '_'), subject }
        },
      }
    },
  }
}
