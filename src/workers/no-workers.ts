import { usageError } from '../errors.js'
import type { MaskWorker } from './host.js'

/**
 * What takes the place of `spawn.ts` in React Native: the field `react-native` of package.json says so. There are no workers,
 * and its compiler refuses each file that contains `import.meta`.
 * @throws {SecAggError} `unsupported`.
 */
export function spawnWorker(): MaskWorker {
  throw usageError('unsupported', 'this host does not support workers')
}
