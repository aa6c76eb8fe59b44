import { join } from 'node:path'
import type { Page } from 'playwright'
import { runToEnd, step } from './round-page.js'
import type { Site } from './site.js'

const DESKTOP = { viewport: { width: 1000, height: 960 } }
const PHONE = { viewport: { width: 360, height: 740 } }

/** Takes pictures of the page and says how their files are called. */
export async function takeScreenshots(
  site: Site,
  folder: string,
  { schemes, rounds }: { readonly schemes: readonly ('light' | 'dark')[]; readonly rounds: 2 | 10 },
): Promise<readonly string[]> {
  const files: string[] = []
  const shoot = async (page: Page, name: string, selector?: string): Promise<void> => {
    const file = `${name}.png`
    files.push(file)
    const path = join(folder, file)
    if (selector === undefined) await page.screenshot({ path })
    else await page.screenshot({ path, clip: await aroundOf(page, selector) })
  }
  for (const colorScheme of schemes) {
    const page = await site.visit({ ...DESKTOP, colorScheme })
    await step(page)
    await step(page)
    await page.click('.client[data-seat="4"]')
    await step(page)
    // So that nothing has the focus.
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    await page.mouse.move(0, 0)
    await shoot(page, `masked-${colorScheme}`, '.theater')
    await runToEnd(page)
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
    await shoot(page, `sum-${colorScheme}`, '.views')
    await page.selectOption('#choose-rounds', String(rounds))
    await page.click('#train')
    await page.waitForSelector('#training[data-state="done"]')
    await shoot(page, `training-${colorScheme}`, '#charts')
    await page.close()
  }
  const phone = await site.visit({ ...PHONE, colorScheme: 'dark' })
  await runToEnd(phone)
  await phone.locator('.stage-card').scrollIntoViewIfNeeded()
  await phone.evaluate(() => document.querySelector('.stage-card')!.scrollIntoView({ block: 'start' }))
  await shoot(phone, 'phone-dark')
  await phone.close()
  return files
}

/** Where an element is once it has been scrolled to below the page's head, with a little of what is around it. */
async function aroundOf(
  page: Page,
  selector: string,
): Promise<{ x: number; y: number; width: number; height: number }> {
  const margin = 12
  return page.evaluate(
    ([wanted, margin]) => {
      const target = document.querySelector(wanted)!
      window.scrollBy(0, target.getBoundingClientRect().top - 80)
      const { x, y, width, height } = target.getBoundingClientRect()
      return { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin }
    },
    [selector, margin] as const,
  )
}
