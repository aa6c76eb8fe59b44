/** What a person got wrong on the command line; shown as one line. */
export class UsageProblem extends Error {
  override readonly name = 'UsageProblem'
}

/** A whole number from `least` to `greatest`. */
export function wholeNumber(option: string, text: string, least: number, greatest: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= greatest)) {
    throw new UsageProblem(
      `--${option} takes a whole number from ${least} to ${greatest}, not ${quoted(text)}`,
    )
  }
  return value
}

/** One of `choices`. */
export function oneOf<const T extends string>(option: string, text: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) {
    throw new UsageProblem(`--${option} takes ${choices.join(' or ')}, not ${quoted(text)}`)
  }
  return choice
}

/** What a person typed, short and without control characters. */
function quoted(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  return JSON.stringify(shown)
}
