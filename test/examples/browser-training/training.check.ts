import { type Browser, chromium, type Page } from 'playwright'
import type { RoundMean } from 'secagg/federated'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type ClearUpdate, largestError } from '../../../docs/examples/browser-training/comparison.js'
import { startTraining, type Training } from '../../../docs/examples/browser-training/server.js'
import type { Report } from '../../../docs/examples/browser-training/task.js'
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.js'
import { Firefox, hasFirefox } from './browsers.js'

const CHROMIUM_PAGES = 3
const CLIENTS = CHROMIUM_PAGES + (hasFirefox() ? 1 : 0)
const ROUNDS = 3
const SEED = 1
/** The page that is closed in the first round, after it has trained and before it sends its masked update. */
const CLOSED = 1

/** The examples of each page. */
const EXAMPLES = [120, 160, 200, 240].slice(0, CLIENTS)
const SURVIVORS = EXAMPLES.map((_, seat) => seat).filter((seat) => seat !== CLOSED)

const means: RoundMean[] = []
const complaints: string[] = []
const updates = new Map<string, ClearUpdate>()
const predictions = new Map<number, Report>()
const pages: Page[] = []
let browser: Browser
let firefox: Firefox | undefined
let training: Training
let model: Float32Array

beforeAll(async () => {
  process.stdout.write(
    `seed ${SEED}, ${CHROMIUM_PAGES} pages of Chromium, Firefox ${hasFirefox() ? 'too' : 'not found'}\n`,
  )
  training = await startTraining({
    clients: CLIENTS,
    rounds: ROUNDS,
    port: 0,
    seed: SEED,
    compare: true,
    onRound: (_, mean) => {
      means.push(mean)
    },
    onReport: async (seat, { number, update, examples, ...report }) => {
      if (update === undefined) predictions.set(seat, { number, ...report })
      else updates.set(`${number} ${seat}`, { update, examples: examples! })
      // The page waits for the answer to its report before it continues.
      if (number === 1 && seat === CLOSED) await pages[seat]!.close()
    },
  })
  const [...links] = training.links
  if (hasFirefox()) firefox = new Firefox(links.pop()!)
  const executablePath = findChromium()
  browser = await chromium.launch({ ...(executablePath && { executablePath }), args: CHROMIUM_ARGUMENTS })
  for (const link of links) {
    const page = await browser.newPage()
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    pages.push(page)
    await page.goto(link)
  }
  model = await training.model
  await vi.waitUntil(() => predictions.size === SURVIVORS.length, { timeout: 30_000, interval: 50 })
}, 90_000)

afterAll(async () => {
  await browser?.close()
  await firefox?.close()
  training?.close()
})

const clear = (number: number, seats: readonly number[]): ClearUpdate[] =>
  seats.map((seat) => updates.get(`${number} ${seat}`)!)

test('every round has the mean of the survivors, within the error bound of the plan', () => {
  const { errorBound } = training.plan.encoding!
  expect(errorBound).toBeLessThan(1e-4)
  expect(means.map(({ survivors }) => survivors)).toEqual(Array(ROUNDS).fill(SURVIVORS))
  for (const [index, mean] of means.entries()) {
    expect(mean.totalWeight).toBe(SURVIVORS.reduce((sum, seat) => sum + EXAMPLES[seat]!, 0))
    expect(largestError(mean, clear(index + 1, SURVIVORS))).toBeLessThanOrEqual(errorBound)
  }
})

test('the page that was closed had trained, and its update is not in the mean', () => {
  const { errorBound } = training.plan.encoding!
  const everybody = clear(
    1,
    EXAMPLES.map((_, seat) => seat),
  )
  expect(everybody[CLOSED]!.examples).toBe(EXAMPLES[CLOSED])
  expect(largestError(means[0]!, everybody)).toBeGreaterThan(100 * errorBound)
  expect(updates.size).toBe(ROUNDS * SURVIVORS.length + 1)
})

test('the model is the sum of the means, and onnxruntime-web predicts with it what tfjs predicts', () => {
  expect(model.every(Number.isFinite)).toBe(true)
  expect([...predictions.keys()].toSorted()).toEqual(SURVIVORS)
  for (const { number, difference, accuracy, backend } of predictions.values()) {
    expect(number).toBe(ROUNDS)
    expect(backend).toBe('wasm')
    expect(difference).toBeLessThan(1e-5)
    expect(accuracy).toBeGreaterThan(0.8)
  }
})

test('each page shows what happened, and reports no error', async () => {
  for (const seat of SURVIVORS.filter((seat) => seat < CHROMIUM_PAGES)) {
    const log = await pages[seat]!.locator('#log').textContent()
    for (let number = 1; number <= ROUNDS; number++)
      expect(log).toContain(`Round ${number}: included in the mean.`)
    expect(log).toContain('The averaged model is right about')
  }
  expect(complaints).toEqual([])
})
