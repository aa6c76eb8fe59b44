import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { type BrowserContext, chromium, type Page } from 'playwright'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  checkEndorsement,
  type createPasskey,
  type Endorsement,
  type endorse,
} from '../../../docs/examples/keys/browser/passkey.js'
import { serveSite } from '../../../docs/examples/keys/browser/site.js'
import { CHROMIUM_ARGUMENTS, findChromium } from '../../support/chromium.js'

const profile = mkdtempSync(join(tmpdir(), 'secagg-profile-'))
let site: Awaited<ReturnType<typeof serveSite>>
let browser: BrowserContext
beforeAll(async () => {
  site = await serveSite()
  browser = await start()
})
afterAll(async () => {
  await browser?.close()
  await site?.close()
  rmSync(profile, { recursive: true, force: true })
})

/** With the profile of the browsers before it. */
function start(): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: findChromium()!,
    args: [...CHROMIUM_ARGUMENTS, '--disable-gpu'],
  })
}

/** The two lines of the page, once the round is over. */
async function linesOf(page: Page, title: string): Promise<string[]> {
  const output = page.locator('output', { hasText: title })
  return ((await output.textContent()) ?? '').split('\n')
}

describe('keys in a browser', () => {
  test('the page runs a round, and a reload and another start of the browser keep the keys', async () => {
    const page = await browser.newPage()
    await page.goto(site.url)
    const [result, keys] = await linesOf(page, 'IndexedDB')
    expect(result).toBe('keys in IndexedDB: the sum of seats 0 1 2 3 is 60 64 68 72')
    expect(keys).toMatch(/^the public keys end with /)
    await page.reload()
    expect(await linesOf(page, 'IndexedDB')).toEqual([result, keys])
    await browser.close()
    browser = await start()
    const later = await browser.newPage()
    await later.goto(site.url)
    expect(await linesOf(later, 'IndexedDB')).toEqual([result, keys])
  })

  test('passkeys endorse the keys, and the round runs with these', async () => {
    const page = await pageWithPasskeys()
    await page.locator('button').click()
    const [result] = await linesOf(page, 'passkeys')
    expect(result).toBe('keys endorsed by passkeys: the sum of seats 0 1 2 3 is 60 64 68 72')
  })

  test('an endorsement is for one key, one site and a time', async () => {
    const { passkeys, endorsement } = await endorsed(await pageWithPasskeys())
    const [passkey, another] = passkeys
    const expected = { origin: new URL(site.url).origin, domain: 'localhost', at: 1000 }
    const check = (
      changed: Partial<Endorsement>,
      { publicKey } = passkey,
      here = expected,
    ): Promise<CryptoKey> => checkEndorsement({ publicKey }, { ...endorsement, ...changed }, here)
    expect(new Uint8Array(await crypto.subtle.exportKey('spki', await check({})))).toEqual(
      endorsement.deviceKey,
    )

    const flipped = (bytes: Uint8Array, at: number, bits: number): Uint8Array =>
      bytes.with(at, bytes[at]! ^ bits) as Uint8Array
    await expect(check({ deviceKey: another.publicKey })).rejects.toThrow('signed something else')
    await expect(check({ validUntil: 3000 })).rejects.toThrow('signed something else')
    const text = new TextDecoder().decode(endorsement.clientData).replace('webauthn.get', 'webauthn.create')
    await expect(check({ clientData: new TextEncoder().encode(text) })).rejects.toThrow('something else')
    await expect(check({}, passkey, { ...expected, at: 2001 })).rejects.toThrow('expired')
    await expect(check({}, passkey, { ...expected, origin: 'https://localhost' })).rejects.toThrow(
      'another site',
    )
    await expect(check({}, passkey, { ...expected, domain: 'example' })).rejects.toThrow('another site')
    const { authenticatorData } = endorsement
    for (const flag of [1, 4]) {
      await expect(check({ authenticatorData: flipped(authenticatorData, 32, flag) })).rejects.toThrow(
        'did not confirm',
      )
    }
    const last = authenticatorData.length - 1
    await expect(check({ authenticatorData: flipped(authenticatorData, last, 1) })).rejects.toThrow(
      'not by the passkey',
    )
    await expect(check({}, another)).rejects.toThrow('not by the passkey')
  })
})

/** A page with a virtual authenticator, whose user always confirms. */
async function pageWithPasskeys(): Promise<Page> {
  const page = await browser.newPage()
  const devtools = await browser.newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  await page.goto(site.url)
  await linesOf(page, 'IndexedDB')
  return page
}

/** Two passkeys, and the first one's endorsement of a new key, valid until 2000. */
async function endorsed(
  page: Page,
): Promise<{ passkeys: [{ publicKey: Uint8Array }, { publicKey: Uint8Array }]; endorsement: Endorsement }> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('../../../docs/examples/keys/browser/passkey.ts', import.meta.url))],
    bundle: true,
    format: 'iife',
    globalName: 'passkey',
    write: false,
  })
  await page.addScriptTag({ content: outputFiles[0]!.text })
  const made = await page.evaluate(async () => {
    const given = (globalThis as unknown as { passkey: Functions }).passkey
    const first = await given.createPasskey('ada')
    const second = await given.createPasskey('ben')
    const device = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
    const deviceKey = new Uint8Array(await crypto.subtle.exportKey('spki', device.publicKey))
    const endorsement = await given.endorse(first, deviceKey, 2000)
    const { authenticatorData, clientData, signature } = endorsement
    return [first.publicKey, second.publicKey, deviceKey, authenticatorData, clientData, signature].map(
      (bytes) => [...bytes],
    )
  })
  const [first, second, deviceKey, authenticatorData, clientData, signature] = made.map((bytes) =>
    Uint8Array.from(bytes),
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  return {
    passkeys: [{ publicKey: first }, { publicKey: second }],
    endorsement: { deviceKey, validUntil: 2000, authenticatorData, clientData, signature },
  }
}

interface Functions {
  readonly createPasskey: typeof createPasskey
  readonly endorse: typeof endorse
}
