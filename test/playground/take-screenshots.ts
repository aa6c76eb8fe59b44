import { join } from 'node:path'
import type { Page } from 'playwright'
import { runToEnd, step } from './round-page.js'
import type { Site } from './site.js'

const DESKTOP = { viewport: { width: 1120, height: 760 } }
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
    const target = selector === undefined ? page : page.locator(selector)
    await target.screenshot({ path: join(folder, file) })
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
