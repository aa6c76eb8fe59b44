import { expect, test } from 'vitest'

/** A copy of plain data in which every property, at any depth, can be read once only. */
function once<T>(given: T, path = 'it'): T {
  if (Array.isArray(given)) return given.map((each, index) => once(each, `${path}[${index}]`)) as T
  if (typeof given !== 'object' || given === null) return given
  const isPlain = PLAIN.includes(Object.getPrototypeOf(given))
  // What has methods is a capability, which may be asked as often as one likes; what is frozen stays what it is.
  const isFixed = Object.isFrozen(given) || Object.values(given).some((value) => typeof value === 'function')
  if (!isPlain || (isFixed && path.includes('.'))) return given
  const entries = Object.entries(given).map(([key, value]) => [key, once(value, `${path}.${key}`)])
  const readings = new Set<PropertyKey>()
  return new Proxy(Object.fromEntries(entries), {
    get: (target, key, receiver) => {
      if (Object.hasOwn(target, key) && readings.has(key))
        throw new Error(`${path}.${String(key)} is read twice`)
      readings.add(key)
      return Reflect.get(target, key, receiver)
    },
  })
}

const PLAIN: unknown[] = [Object.prototype, null]
export type Once = typeof once
const plainly: Once = (given) => given

/** Each call gives the same where every option can be read once only. */
export function expectReadOnce(calls: Readonly<Record<string, (of: Once) => unknown>>): void {
  test.each(Object.entries(calls))('%s', async (_, call) => {
    expect(await call(once)).toEqual(await call(plainly))
  })
}
