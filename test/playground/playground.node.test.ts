import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { PHASES, type PhaseName } from '../../src/index.js'
import { trainedInTheClear } from './clear-training.js'
import { expectSum, newRound, next, numbersOf, result, runToEnd, step } from './round-page.js'
import { openSite, type Site } from './site.js'
import { takeScreenshots } from './take-screenshots.js'

const PHONE = { viewport: { width: 360, height: 740 } }
const CURIOUS = PHASES.filter((name) => name !== 'consistency-check')

describe('the playground', () => {
  let site: Site
  let page: Page

  beforeAll(async () => {
    site = await openSite()
    page = await site.visit()
  }, 60_000)
  afterAll(() => site?.close())
  afterEach(() => {
    expect(site.complaints).toEqual([])
  })

  test('shows noise and then the sum, step by step', async () => {
    for (const phase of CURIOUS) {
      expect(await next(page)).toBe(phase)
      expect(await page.locator('[aria-current="step"]').getAttribute('data-step')).toBe(phase)
      await step(page)
    }
    expect(await next(page)).toBe('over')
    await expectSum(page, [0, 1, 2, 3, 4, 5, 6, 7, 8])
    const held = await numbersOf(page, '#held [data-seat="3"] canvas')
    const sent = await numbersOf(page, '#received [data-seat="3"] canvas')
    expect(sent.filter((value, pixel) => value === held[pixel]).length).toBeLessThan(10)
    // Of 784 numbers below 2^16 that are drawn at random, hardly any is below 2^8.
    expect(sent.filter((value) => value < 256).length).toBeLessThan(30)
  })

  test.each([...CURIOUS.entries()])(
    'goes on when a client drops out before message %i, %s',
    async (at, phase) => {
      await newRound(page, { clients: '6', digit: '7' })
      for (let done = 0; done < at; done++) await step(page)
      expect(await next(page)).toBe(phase)
      await page.click('.client[data-seat="2"]')
      expect(await page.getAttribute('.client[data-seat="2"]', 'data-state')).toBe('gone')
      await runToEnd(page)
      const hasSent = phase === 'unmasking'
      await expectSum(page, hasSent ? [0, 1, 2, 3, 4, 5] : [0, 1, 3, 4, 5])
      expect(await page.textContent('#log')).toContain('Client 2 dropped out')
    },
  )

  test('goes on in the active model when clients drop out before and after their signature', async () => {
    await newRound(page, { clients: '9', adversary: 'active' })
    for (let done = 0; done < 3; done++) await step(page)
    expect(await next(page)).toBe('consistency-check' satisfies PhaseName)
    await page.click('.client[data-seat="4"]')
    await step(page)
    await page.click('.client[data-seat="7"]')
    await runToEnd(page)
    await expectSum(page, [0, 1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('ends without a sum when too many drop out', async () => {
    await newRound(page, { clients: '6' })
    for (const seat of [0, 1, 2]) await page.click(`.client[data-seat="${seat}"]`)
    await runToEnd(page)
    expect(await result(page)).toBe('too-few-clients')
    expect(await page.getAttribute('#sum', 'data-values')).toBeNull()
  })

  test('takes a client back that nobody has missed', async () => {
    await newRound(page, { clients: '6' })
    await page.click('.client[data-seat="5"]')
    await page.click('.client[data-seat="5"]')
    await runToEnd(page)
    await expectSum(page, [0, 1, 2, 3, 4, 5])
  })

  test('sums on the sparse ring, with fewer masks and a dropout', async () => {
    await newRound(page, { clients: '12', graph: 'sparse' })
    await step(page)
    await step(page)
    const lines = await page.locator('.lines line').all()
    expect(lines).toHaveLength((12 * 6) / 2)
    // In the order of the server's ring, the farthest neighbor is three places away.
    for (const line of lines) {
      const at = async (name: string): Promise<number> => Number(await line.getAttribute(name))
      const length = Math.hypot((await at('x1')) - (await at('x2')), (await at('y1')) - (await at('y2')))
      expect(length).toBeLessThan(2 * 41 * Math.sin((3 * Math.PI) / 12) + 0.01)
    }
    await page.click('.client[data-seat="1"]')
    await runToEnd(page)
    await expectSum(page, [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('sums where clients choose their holders, with arrows to them and a dropout', async () => {
    await newRound(page, { clients: '12', adversary: 'active', graph: 'sparse' })
    await step(page)
    await step(page)
    const heads = '.lines line[marker-end], .lines line[marker-start]'
    expect(await page.locator('.lines line').count()).toBe(await page.locator(heads).count())
    const ends = await page.locator('.lines line[marker-end]').count()
    expect(ends + (await page.locator('.lines line[marker-start]').count())).toBe(12 * 6)
    expect(await page.textContent('#log')).toContain('shares of two secrets to their holders')
    await step(page)
    expect(await page.textContent('[data-step="consistency-check"]')).toContain('acknowledge')
    await page.click('.client[data-seat="1"]')
    await step(page)
    expect(await page.getAttribute('.client[data-seat="0"]', 'aria-label')).toMatch(
      /acknowledged by [56] of its 6 holders/,
    )
    await runToEnd(page)
    await expectSum(page, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('draws an arrow for each acknowledgement, in the step in which holders give them', async () => {
    await newRound(page, { clients: '12', adversary: 'active', graph: 'sparse' })
    const given = page.locator('.lines line.acknowledged')
    for (let done = 0; done < 3; done++) await step(page)
    expect(await given.count()).toBe(0)
    expect(await page.isVisible('.legend li#acknowledged')).toBe(true)
    const choices = await page.locator('.lines line').count()
    await step(page)
    expect(await given.count()).toBe(12 * 6)
    expect(await page.locator('.lines line').count()).toBe(12 * 6)
    expect(await page.locator('.lines line[marker-end="url(#arrow-acknowledged)"]').count()).toBe(12 * 6)
    // From six holders to each client.
    for (let seat = 0; seat < 12; seat++) {
      expect(await page.locator(`.lines line.acknowledged[data-to="${seat}"]`).count()).toBe(6)
    }
    await step(page)
    expect(await given.count()).toBe(0)
    expect(await page.locator('.lines line').count()).toBe(choices)
    await expectSum(page, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
  })

  test('a server that tells two stories to the holders of a client fails', async () => {
    await newRound(page, { server: 'two-stories', clients: '9', adversary: 'active', graph: 'sparse' })
    await runToEnd(page)
    expect(['too-few-clients', 'too-few-shares']).toContain(await result(page))
    expect(await page.textContent('#verdict')).toContain('The lying server learned nothing')
    expect(await page.getAttribute('#stolen', 'data-values')).toBeNull()
    const refusal = await page.getAttribute('.client[data-seat="0"]', 'aria-label')
    expect(refusal).toContain("only 2 of this client's holders have acknowledged it, but 3 are needed")
    // It stays on the page how it was caught: who acknowledged its victim, and who did not.
    expect(await page.locator('.lines line.acknowledged[data-to="0"]').count()).toBe(2)
    expect(await page.locator('.lines line.denied').count()).toBe(2)
    expect(await page.locator('.lines line.denied[data-to="0"]').count()).toBe(2)
    expect(await page.isVisible('.legend li#denied')).toBe(true)
    expect(refusal).toContain('acknowledged by 2 of its 4 holders')
    // Everybody else has heard from all of its holders, and answers.
    expect(await page.locator('.client[data-state="refuses"]').count()).toBe(1)
  })

  test('a server that invents clients is refused where clients choose their holders', async () => {
    await newRound(page, { server: 'invented-clients', clients: '12', adversary: 'active', graph: 'sparse' })
    await runToEnd(page)
    expect(await page.textContent('#verdict')).toMatch(/Client 0 refuses to continue/)
    expect(await page.getAttribute('#stolen', 'data-values')).toBeNull()
  })

  describe.each(['invented-clients', 'two-stories'])('a lying server: %s', (server) => {
    test('has its victim’s picture in the honest-but-curious model, and the page says so', async () => {
      await newRound(page, { server, clients: '9', adversary: 'honest-but-curious' })
      await runToEnd(page)
      expect(await result(page)).toBe('stolen')
      const stolen = await numbersOf(page, '#stolen')
      expect(stolen).toEqual(await numbersOf(page, '#held [data-seat="0"] canvas'))
      expect(await page.textContent('#verdict .bad')).toContain('does not protect')
    })

    test('is refused in the active model, and the page says why', async () => {
      await newRound(page, { server, clients: '9', adversary: 'active' })
      await runToEnd(page)
      const said = await page.textContent('#verdict')
      expect(said).toMatch(/refuses? to continue \(invalid-signature\)/)
      expect(said).toContain('does not verify')
      expect(await page.getAttribute('#stolen', 'data-values')).toBeNull()
      expect(await page.getAttribute('.client[data-seat="0"]', 'data-state')).toBe('refuses')
      if (server === 'two-stories') expect(await result(page)).toBe('too-few-clients')
      else await expectSum(page, [1, 2, 3, 4, 5, 6, 7, 8])
    })
  })

  test('trains in workers', async () => {
    await page.selectOption('#choose-rounds', '2')
    const workers: string[] = []
    page.on('worker', (worker) => workers.push(worker.url()))
    await page.click('#train')
    await page.waitForSelector('#training[data-state="done"]')
    expect(workers).toHaveLength(2)
    await expect.poll(() => page.workers().length).toBe(0)
    const rows = await page.locator('#training-table tbody tr').all()
    const shown = await Promise.all(
      rows.map(async (row) => ({
        accuracy: Number(await row.getAttribute('data-accuracy')),
        survivors: await row.getAttribute('data-survivors'),
      })),
    )
    expect(shown).toEqual(await trainedInTheClear(2))
    expect(shown[1]!.accuracy).toBeGreaterThan(0.5)
    expect(await page.locator('#charts svg[role="img"]').first().getAttribute('aria-label')).toMatch(
      /round 2/,
    )
  })

  test('can be used with the keyboard alone', async () => {
    const visitor = await site.visit()
    await visitor.keyboard.press('Tab')
    expect(await visitor.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the round')
    await tabTo(visitor, '#theme')
    const schemes: (string | undefined)[] = []
    for (let press = 0; press < 3; press++) {
      await visitor.keyboard.press('Enter')
      schemes.push(await visitor.evaluate(() => document.documentElement.dataset.theme))
    }
    expect(schemes).toEqual(['light', 'dark', undefined])
    await tabTo(visitor, '#choose-clients')
    await visitor.keyboard.press('ArrowUp')
    await visitor.waitForFunction(() => document.querySelectorAll('.client').length === 6)
    await tabTo(visitor, '.client[data-seat="3"]')
    const outline = await visitor.evaluate(() => getComputedStyle(document.activeElement!).outlineStyle)
    expect(outline).toBe('solid')
    await visitor.keyboard.press('Space')
    await tabTo(visitor, '#all')
    await visitor.keyboard.press('Enter')
    await visitor.waitForSelector('#round[data-next="over"][data-busy="false"]')
    await expectSum(visitor, [0, 1, 2, 4, 5])
    expect(await visitor.evaluate(() => document.activeElement?.id)).toBe('all')
    for (const target of ['#log', 'summary', '#train']) await tabTo(visitor, target)
    await visitor.close()
  })

  test('fits a phone, light and dark', async () => {
    const visitor = await site.visit({ ...PHONE, colorScheme: 'light' })
    await newRound(visitor, { clients: '18' })
    await runToEnd(visitor)
    await visitor.click('summary')
    const look = (): Promise<{ readonly width: number; readonly paper: string }> =>
      visitor.evaluate(() => ({
        width: document.documentElement.scrollWidth,
        paper: getComputedStyle(document.body).backgroundColor,
      }))
    const light = await look()
    await visitor.emulateMedia({ colorScheme: 'dark' })
    const dark = await look()
    expect([light.width, dark.width]).toEqual([360, 360])
    expect(brightness(light.paper)).toBeGreaterThan(200)
    expect(brightness(dark.paper)).toBeLessThan(50)
    await visitor.close()
  })

  test('moves its messages, for those who have not asked for stillness', async () => {
    const moving = await site.visit({ reducedMotion: 'no-preference' })
    await moving.click('#next')
    await moving.waitForSelector('.parcel.up.advertise-keys')
    expect(await moving.locator('.parcel').count()).toBe(9)
    await moving.evaluate(() => {
      for (const animation of document.getAnimations()) animation.finish()
    })
    await moving.waitForSelector('#round[data-next="share-keys"][data-busy="false"]')
    expect(await moving.locator('.parcel').count()).toBe(0)
    await moving.close()
  })

  test('has its screenshots taken', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'secagg-screenshots-'))
    const files = await takeScreenshots(site, folder, { schemes: ['light'], rounds: 2 })
    for (const file of files) {
      const bytes = await readFile(join(folder, file))
      expect(bytes.subarray(1, 4).toString('latin1')).toBe('PNG')
      expect(bytes.length).toBeLessThan(300_000)
    }
    await rm(folder, { recursive: true })
  })
})

/** Presses Tab until the element has the focus; everything can be reached that way. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let press = 0; press < 60; press++) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${selector}`)
}

/** The mean of the three numbers of a color, 0 to 255. */
function brightness(color: string): number {
  const [red, green, blue] = color.match(/\d+/g)!.map(Number)
  return (red! + green! + blue!) / 3
}
