import { reading, wrongKind } from '../../arguments.js'
import { SecAggError, usageError } from '../../errors.js'
import { KERNELS_ANSWER, KERNELS_BUILD } from './binaries.js'
import { useModule } from './kernel.js'
import { answerOf, type Kernels } from './kernels-answer.js'

/**
 * Lets this library run its inner loops in WebAssembly on hosts that do not compile WebAssembly from bytes, such as Cloudflare
 * Workers and the edge runtime of Next.js. These import the file `secagg/kernels.wasm` as a compiled module. Without it, the
 * loops run in JavaScript there, with the same results. All other hosts need nothing.
 *
 * Call it once, before the first round. It applies to everything that this copy of the library does afterwards. The module is
 * tried first: each of its functions has to give known answers.
 *
 * @param module - The `WebAssembly.Module` of the file `secagg/kernels.wasm` of this version.
 * @throws {SecAggError} `invalid-argument` if it is not a module, or not that of this version; `unsupported` if the host
 *   cannot run it.
 * @example
 * ```ts
 * import { installKernels } from 'secagg/vector'
 *
 * // On Cloudflare Workers: import kernels from 'secagg/kernels.wasm'
 * const kernels = new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
 * try {
 *   installKernels(kernels)
 * } catch (error) {
 *   console.log((error as Error).message) // 'the kernels must be the file secagg/kernels.wasm of this version'
 * }
 * ```
 * @public
 */
export function installKernels(module: object): void {
  // Not `instanceof`, because the module can come from another realm.
  if (!reading('the kernels', () => isNamedModule(module))) {
    throw wrongKind('the kernels', 'a WebAssembly.Module', module)
  }
  const memory = createMemory()
  let kernels: Kernels
  try {
    kernels = new WebAssembly.Instance(module, { host: { memory } }).exports as unknown as Kernels
  } catch (cause) {
    throw refusal(module, cause)
  }
  if (!isOfThisVersion(kernels, memory)) throw wrongKernels()
  useModule(module)
}

function isNamedModule(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Module]'
}

function createMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1 })
  } catch (cause) {
    throw new SecAggError('unsupported', 'usage', 'this host does not run WebAssembly', { cause })
  }
}

/** A module with other imports does not become an instance. The right one does, unless the host refuses it. */
function refusal(module: WebAssembly.Module, cause: unknown): SecAggError {
  try {
    const imports = WebAssembly.Module.imports(module).map(({ module, name }) => `${module}.${name}`)
    if (imports.join() === 'host.memory') {
      return new SecAggError('unsupported', 'usage', 'this host does not run the kernels', { cause })
    }
  } catch {
    // not a module, although it says so
  }
  return wrongKernels(cause)
}

function isOfThisVersion(kernels: Kernels, memory: WebAssembly.Memory): boolean {
  try {
    return kernels.build?.value === KERNELS_BUILD && answerOf(kernels, memory) === KERNELS_ANSWER
  } catch {
    return false // a function is missing or fails
  }
}

function wrongKernels(cause?: unknown): SecAggError {
  return usageError('invalid-argument', 'the kernels must be the file secagg/kernels.wasm of this version', {
    cause,
  })
}
