import type { OwnProvider } from '../crypto/provider.js'
import { usageError } from '../errors.js'
import type { MaskWorker } from './host.js'

// Replaces `spawn.ts` and `crypto/node.ts` in React Native: the field `react-native` of package.json says so.

/**
 * There are no workers, and the compiler refuses each file that contains `import.meta`.
 * @throws {SecAggError} `unsupported`.
 */
export function spawnWorker(): MaskWorker {
  throw usageError('unsupported', 'this host does not support workers')
}

/** There is no `node:crypto`. The bundler keeps whole modules, and those for Node are 1.8 kB, compressed. */
export function nodeCrypto(): OwnProvider | undefined {
  return undefined
}
