/**
 * `secagg/simulate`: whole rounds in one process, with the real messages. Use it to size a deployment, and to test an
 * application. Inputs and dropouts are reproducible; keys are not.
 * @module
 */

export type { SimulatedPhase } from './meter.js'
export type { Drop } from './simulated-clients.js'
export { type SimulationOptions, type SimulationResult, simulate } from './simulated-round.js'
