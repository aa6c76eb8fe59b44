/**
 * A module of Node; `undefined` if this is not Node, or a runtime that has no such module. It is looked up at run time, because
 * a static import would break bundles for browsers.
 *
 * Some runtimes have the function only to throw an error that says that the module is not supported, as the edge runtime of
 * Next.js does.
 */
export function builtinModule<
  Name extends
    | 'node:async_hooks'
    | 'node:crypto'
    | 'node:diagnostics_channel'
    | 'node:os'
    | 'node:worker_threads',
>(name: Name): ReturnType<typeof process.getBuiltinModule<Name>> | undefined {
  try {
    return globalThis.process?.getBuiltinModule?.(name)
  } catch {
    return undefined
  }
}
