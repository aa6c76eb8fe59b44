/** JSON that people can read: lists of scalars on one line, everything else indented. */
export function print(value: unknown): string {
  return `${written(value, '')}\n`
}

const WIDTH = 120

function written(value: unknown, indent: string): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const inner = `${indent}  `
  const isList = Array.isArray(value)
  const entries = isList
    ? value.map((each) => written(each, inner))
    : Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${written(each, inner)}`)
  const [open, close] = isList ? ['[', ']'] : ['{', '}']
  if (entries.length === 0) return open + close
  const line = `${open}${isList ? '' : ' '}${entries.join(', ')}${isList ? '' : ' '}${close}`
  const isShort = indent.length + line.length <= WIDTH && !line.includes('\n')
  return isShort ? line : `${open}\n${inner}${entries.join(`,\n${inner}`)}\n${indent}${close}`
}
