import { expect, test } from 'vitest'
import { type Callee, complaintsAbout, endingOf } from './attempts.js'
import { type Examples, unmarked } from './examples.js'

/**
 * Tests every function that `entry` exports, including methods of its classes and of results: each has an example,
 * the example is right, and wrong arguments are usage errors.
 */
export function testArguments(entry: object, examples: Examples): void {
  const callees = new Map(calleesIn(entry))
  const classes = Object.values(entry).filter((value) => typeof value === 'function' && isClass(value))

  test('every exported function has an example, and no other', async () => {
    const names = [...callees.keys()]
    // The list grows by the functions in their results.
    for (const name of names) {
      const example = examples[name]
      if (example === undefined) continue
      const { on, args } = await example()
      const ending = await endingOf(callees.get(name) ?? methodOf(name), on, unmarked(args) as unknown[])
      if (typeof ending === 'object' && 'gave' in ending)
        names.push(...methodsIn(ending.gave, `${name}()`, classes))
    }
    expect(
      Object.keys(examples)
        .filter((name) => !/\(\)\./.test(name))
        .sort(),
    ).toEqual([...callees.keys()].sort())
    expect(names.filter((name) => examples[name] === undefined)).toEqual([])
  })

  test.each(Object.keys(examples))(
    '%s: the example is right, and what is not is a usage error',
    async (name) => {
      const example = examples[name]!
      const callee = callees.get(name) ?? methodOf(name)
      const { on, args } = await example()
      const ending = await endingOf(callee, on, unmarked(args) as unknown[])
      if (ending === 'nothing came' || 'threw' in ending) {
        expect(ending === 'nothing came' ? ending : String(ending.threw)).toBe('a value')
      }
      const complaints = await complaintsAbout(name, callee, example)
      expect([
        ...complaints.slice(0, SHOWN),
        ...(complaints.length > SHOWN ? [`${complaints.length} in all`] : []),
      ]).toEqual([])
    },
  )
}

function* calleesIn(entry: object, prefix = ''): Generator<[string, Callee], void, void> {
  for (const [key, value] of Object.entries(entry)) {
    const name = prefix + key
    if (typeof value === 'function') {
      if (!isClass(value)) {
        yield [name, (_, args) => value(...args)]
        continue
      }
      yield [name, (_, args) => Reflect.construct(value, args)]
      for (const own of Object.getOwnPropertyNames(value)) {
        if (typeof value[own as never] !== 'function' || own === 'prototype') continue
        yield [`${name}.${own}`, (_, args) => (value as never as Methods)[own]!(...args)]
      }
      for (const own of Object.getOwnPropertyNames(value.prototype)) {
        const { value: method } = Object.getOwnPropertyDescriptor(value.prototype, own)!
        if (own !== 'constructor' && typeof method === 'function')
          yield [`${name}#${own}`, methodOf(`.${own}`)]
      }
    } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      yield* calleesIn(value, `${name}.`)
    }
  }
}

/** How many complaints about one function a failure shows. */
const SHOWN = Number(process.env.SHOWN ?? 8)

type Class = new (...args: never) => object

type Methods = Record<string, (...args: readonly unknown[]) => unknown>

/** The method with which a name ends; the object itself if that is a function. */
function methodOf(name: string): Callee {
  const key = name.slice(name.lastIndexOf('.') + 1)
  return (on, args) => {
    if (typeof on === 'function') return on(...args)
    return (on as Methods)[key]!(...args)
  }
}

function isClass(value: (...args: never) => unknown): boolean {
  return Function.prototype.toString.call(value).startsWith('class')
}

/** The names of the functions in the result of a call, including inherited ones. */
function* methodsIn(
  value: unknown,
  name: string,
  classes: readonly Class[],
  depth = 0,
): Generator<string, void, void> {
  if (typeof value === 'function') yield `${name}.call`
  if (typeof value !== 'object' || value === null || depth > 3) return
  if (classes.some((one) => value instanceof one)) return
  if (ArrayBuffer.isView(value) || BUILT_IN.has(Object.prototype.toString.call(value))) return
  if (Array.isArray(value)) {
    yield* methodsIn(value[0], `${name}.0`, classes, depth + 1)
    return
  }
  for (const [key, part] of Object.entries(value)) {
    if (typeof part === 'function') yield `${name}.${key}`
    else yield* methodsIn(part, `${name}.${key}`, classes, depth + 1)
  }
  for (let layer = Object.getPrototypeOf(value); layer !== null; layer = Object.getPrototypeOf(layer)) {
    if (layer === Object.prototype) return
    for (const key of Object.getOwnPropertyNames(layer)) {
      const { value: method } = Object.getOwnPropertyDescriptor(layer, key)!
      if (key !== 'constructor' && typeof method === 'function') yield `${name}.${key}`
    }
  }
}

/** Objects of the language, which no function of this library has created. */
const BUILT_IN = new Set(
  ['Promise', 'Map', 'Set', 'AsyncGenerator', 'Generator', 'Error'].map((tag) => `[object ${tag}]`),
)
