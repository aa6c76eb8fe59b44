/** Where a received plan is another than the one that was derived. */
export interface Difference {
  readonly path: string
  readonly expected: string | number
  readonly got: string | number
}

/** What numbers that are not whole may differ by, relatively: engines round logarithms differently. */
const TOLERANCE = 1e-9

/** What may differ: texts for people, and which version of the library made it all. */
const INCIDENTAL: ReadonlySet<string> = new Set(['explanation', 'warnings', 'version'])

/** The first part, by name, in which `received` is not `derived`; a part that is `undefined` counts as absent. */
export function firstDifference(received: unknown, derived: unknown, path = ''): Difference | undefined {
  if (isObject(received) && isObject(derived) && Array.isArray(received) === Array.isArray(derived)) {
    const keys = new Set([...Object.keys(derived), ...Object.keys(received)])
    for (const key of keys) {
      if (INCIDENTAL.has(key)) continue
      const inner = path === '' ? key : `${path}.${key}`
      const difference = firstDifference(own(received, key), own(derived, key), inner)
      if (difference !== undefined) return difference
    }
    return undefined
  }
  if (isSame(received, derived)) return undefined
  return { path: path.slice(0, 100), expected: shown(derived), got: shown(received) }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function own(value: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined
}

function isSame(received: unknown, derived: unknown): boolean {
  if (received === derived) return true
  if (typeof received !== 'number' || typeof derived !== 'number' || Number.isInteger(derived)) return false
  return Math.abs(received - derived) <= TOLERANCE * Math.abs(derived)
}

function shown(value: unknown): string | number {
  if (typeof value === 'number') return value
  if (value === undefined) return 'absent'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : typeof value
}
