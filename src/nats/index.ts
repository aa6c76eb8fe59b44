/**
 * `secagg/nats`: a server on more than one machine, over the broker NATS with JetStream. Ingest processes
 * collect masked vectors, and workers remove masks. This entry runs in Node, and needs the packages `@nats-io/transport-node` and `@nats-io/jetstream`, which are optional
 * peer dependencies. Nothing else of the library needs them.
 *
 * @module
 */

export {
  type ClusterIngest,
  type ClusterIngestProcess,
  type IngestOptions,
  type NatsIngestOptions,
  natsIngest,
  runIngest,
} from './nats-ingest.js'
export type { BrokerOptions } from './nats-packages.js'
export { type ClusterUnmasker, type NatsUnmaskerOptions, natsUnmasker } from './nats-unmasker.js'
export { type ClusterWorker, runWorker, type WorkerOptions } from './run-worker.js'
