import { parseArgs } from 'node:util'

export const HOST = '127.0.0.1'

/** Reads the command line. Every option has a default. All numbers are whole numbers. */
export function readOptions<N extends string, T extends string>(
  numbers: Readonly<Record<N, number>>,
  texts: Readonly<Record<T, string>>,
): Record<N, number> & Record<T, string> {
  const options = Object.fromEntries(
    [...Object.keys(numbers), ...Object.keys(texts)].map((name) => [name, { type: 'string' }] as const),
  )
  const { values } = parseArgs({ options })
  const read: Record<string, number | string> = { ...numbers, ...texts }
  for (const [name, text] of Object.entries(values)) {
    if (!(name in numbers)) read[name] = String(text)
    else if (/^\d{1,9}$/.test(String(text))) read[name] = Number(text)
    else throw new Error(`--${name} must be a whole number, not '${text}'`)
  }
  return read as Record<N, number> & Record<T, string>
}
