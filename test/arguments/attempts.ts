import { SecAggError } from 'secagg'
import { type Example, isPlain, Marked, type Marks, unmarked } from './examples.js'
import { mayBeTaken, WRONG_VALUES, type Wrong } from './wrong-values.js'

/** How one call ended. */
type Ending = { readonly gave: unknown } | { readonly threw: unknown } | 'nothing came'

/** How long a call may take before it counts as hanging. It has nothing to wait for, so the limit is generous. */
const PATIENCE = 10_000

/** Everything that is wrong with how a function treats wrong arguments, one line each. */
export async function complaintsAbout(
  name: string,
  callee: Callee,
  example: () => Example | Promise<Example>,
): Promise<string[]> {
  const complaints: string[] = []
  for (const attempt of attemptsOf((await example()).args)) {
    const { on, args } = await example()
    const ending = await endingOf(callee, on, attempt.change(args))
    const complaint = complaintOf(ending, attempt)
    if (complaint !== undefined) complaints.push(`${name}: ${attempt.what}: ${complaint}`)
  }
  return complaints
}

export type Callee = (on: object | undefined, args: readonly unknown[]) => unknown

/** Calls the function and waits for its promise; streams are read to their end. */
export async function endingOf(
  callee: Callee,
  on: object | undefined,
  args: readonly unknown[],
): Promise<Ending> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<Ending>((resolve) => {
    timer = setTimeout(() => resolve('nothing came'), PATIENCE)
  })
  const calling = (async (): Promise<Ending> => {
    try {
      const gave = await callee(on, args)
      if (isStream(gave)) for await (const _ of gave);
      if (typeof gave === 'object') hushed(gave)
      return { gave }
    } catch (threw) {
      return { threw }
    }
  })()
  const ending = await Promise.race([calling, late])
  clearTimeout(timer)
  return ending
}

/** A round that is served may fail later, when nobody waits for it any more. */
function hushed(gave: object | null): void {
  for (const part of Object.values(gave ?? {})) if (part instanceof Promise) part.catch(() => undefined)
}

function isStream(value: unknown): value is AsyncGenerator {
  return Object.prototype.toString.call(value) === '[object AsyncGenerator]'
}

interface Attempt {
  readonly what: string
  readonly change: (args: readonly unknown[]) => readonly unknown[]
  readonly mayGive: boolean
  /** Whether a peer may be blamed. */
  readonly isSaid: boolean
}

function complaintOf(ending: Ending, { mayGive, isSaid }: Attempt): string | undefined {
  if (ending === 'nothing came') return 'neither value nor error'
  if ('gave' in ending) return mayGive ? undefined : `taken, and gave ${shown(ending.gave)}`
  const { threw } = ending
  if (!(threw instanceof SecAggError)) return `${threw}`
  if (/\[object |undefined|Symbol\(/.test(threw.message)) return `reads "${threw.message}"`
  // If the value has the right kind, or came from a peer, the error may blame somebody else.
  const mayBlame = (mayGive || isSaid) && threw.fault !== 'internal'
  return threw.fault === 'usage' || mayBlame ? undefined : `fault ${threw.fault}: ${threw.message}`
}

function* attemptsOf(args: readonly unknown[]): Generator<Attempt, void, void> {
  const allOptional = args.every(
    (arg) => arg instanceof Marked && (arg.marks.optional || arg.marks.orElse === 'anything'),
  )
  const isReceived = args.some((arg) => arg instanceof Marked && arg.marks.received === true)
  yield { what: 'called with nothing', change: () => [], mayGive: allOptional, isSaid: isReceived }
  for (const wrong of WRONG_VALUES) {
    yield {
      what: `called with nothing but ${wrong.name}`,
      change: () => args.map(() => wrong.value),
      mayGive: args.every((arg) => mayBeTaken(wrong, ...valueAndMarks(arg))),
      isSaid: isReceived,
    }
  }
  for (const [index, arg] of args.entries()) yield* attemptsAt([index], arg, {})
}

/** Replaces one part of one argument and keeps all others. */
function* attemptsAt(path: readonly (string | number)[], part: unknown, around: Marks): Generator<Attempt> {
  const [right, marks] = valueAndMarks(part)
  for (const wrong of WRONG_VALUES) {
    yield {
      what: `${wrong.name} at ${path.join('.')}`,
      change: (args) => replaced(args, path, wrong) as readonly unknown[],
      mayGive: mayBeTaken(wrong, right, marks) || around.said === true,
      isSaid: around.said === true || marks.received === true,
    }
  }
  if (marks.whole || path.length > 4) return
  const inner: Marks = { said: around.said || marks.said }
  if (isPlain(right)) {
    for (const [key, value] of Object.entries(right)) yield* attemptsAt([...path, key], value, inner)
  } else if (Array.isArray(right) && right.length > 0) {
    yield* attemptsAt([...path, 0], right[0], inner)
  }
}

function valueAndMarks(part: unknown): [unknown, Marks] {
  return part instanceof Marked ? [part.value, part.marks] : [part, {}]
}

function replaced(part: unknown, [key, ...rest]: readonly (string | number)[], wrong: Wrong): unknown {
  if (key === undefined) return wrong.value
  const [value] = valueAndMarks(part)
  if (Array.isArray(value)) {
    return value.map((item, index) => (index === key ? replaced(item, rest, wrong) : unmarked(item)))
  }
  const { [key]: inner, ...others } = value as Record<string, unknown>
  return { ...(unmarked(others) as object), [key]: replaced(inner, rest, wrong) }
}

function shown(value: unknown): string {
  try {
    return `${JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part))}`.slice(
      0,
      60,
    )
  } catch {
    return typeof value
  }
}
