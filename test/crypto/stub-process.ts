import { vi } from 'vitest'

/**
 * A platform whose `process` has only these fields, until `vi.unstubAllGlobals()`.
 *
 * It keeps `nextTick`: the test runner saves that function around each of its messages and writes it back one tick later, which
 * may be after the test. A stub without it would leave the real process without it.
 */
export function stubProcess(fields: { readonly getBuiltinModule?: (name: string) => unknown }): void {
  const nextTick = globalThis.process?.nextTick
  vi.stubGlobal('process', nextTick === undefined ? fields : { ...fields, nextTick })
}
