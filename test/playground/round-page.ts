import type { Page } from 'playwright'
import { expect } from 'vitest'

/** What is chosen for a round; the rest is as it was when the page was opened. */
export type Choices = Readonly<Record<string, string>>

const DEFAULTS: Choices = {
  server: 'honest',
  adversary: 'honest-but-curious',
  graph: 'complete',
  clients: '9',
  digit: '3',
}

/** Opens a round as chosen. */
export async function newRound(page: Page, choices: Choices): Promise<void> {
  const all = { ...DEFAULTS, ...choices }
  for (const [name, value] of Object.entries(all)) {
    const select = page.locator(`#choose-${name}`)
    if ((await select.inputValue()) !== value) await select.selectOption(value)
  }
  await page.click('#again')
  await page.waitForSelector('#round[data-next="advertise-keys"][data-busy="false"]')
  await page.waitForFunction(
    (count) =>
      document.querySelectorAll('.client').length === count &&
      document.querySelectorAll('#log li').length === 1,
    Number(all.clients),
  )
}

/** The step that comes next, or `over`. */
export async function next(page: Page): Promise<string | null> {
  return page.getAttribute('#round', 'data-next')
}

export async function step(page: Page): Promise<void> {
  const before = await next(page)
  await page.click('#next')
  await page.waitForSelector(`#round[data-busy="false"]:not([data-next="${before}"])`)
}

export async function runToEnd(page: Page): Promise<void> {
  await page.click('#all')
  await page.waitForSelector('#round[data-next="over"][data-busy="false"]')
}

/** How the round went: `sum`, `stolen`, `open`, or the code of what ended it. */
export async function result(page: Page): Promise<string | null> {
  return page.getAttribute('#verdict', 'data-result')
}

/** The numbers behind a picture. */
export async function numbersOf(page: Page, selector: string): Promise<readonly number[]> {
  const values = (await page.getAttribute(selector, 'data-values'))!.split(' ').map(Number)
  expect(values).toHaveLength(784)
  return values
}

/** The sum that the page shows is that of the pictures of these clients, number by number, and it says so. */
export async function expectSum(page: Page, survivors: readonly number[]): Promise<void> {
  expect(await page.getAttribute('#verdict', 'data-survivors')).toBe(survivors.join(' '))
  const pictures = await Promise.all(
    survivors.map((seat) => numbersOf(page, `#held [data-seat="${seat}"] canvas`)),
  )
  const expected = pictures[0]!.map((_, pixel) => pictures.reduce((sum, one) => sum + one[pixel]!, 0))
  expect(Math.max(...expected)).toBeGreaterThan(255)
  expect(await numbersOf(page, '#sum')).toEqual(expected)
  expect(await page.textContent('#verdict')).toContain(`exactly the sum of the ${survivors.length} pictures`)
}
