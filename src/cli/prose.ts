/** A page of sections, each a list of paragraphs or of a table's lines; those without any are left out. */
export function page(sections: readonly (readonly string[])[]): string {
  const filled = sections.filter((lines) => lines.length > 0)
  return `${filled.map((lines) => lines.map(wrapped).join('\n')).join('\n\n')}\n`
}

/** Breaks a line of prose at 100 columns, the rest indented like its beginning; tables are narrower. */
function wrapped(line: string): string {
  const indent = /^ */.exec(line)![0]
  let [rest, broken] = [line, '']
  while (rest.length > 100) {
    const end = rest.lastIndexOf(' ', 100)
    if (end <= indent.length) break
    broken += `${rest.slice(0, end)}\n`
    rest = indent + rest.slice(end + 1)
  }
  return broken + rest
}
