import { importPublicKey, p256Verifier, rosterBytes } from '../p256/ecdsa.js'
import { describeResult, runRound } from '../round.js'
import { storedKey } from './key-store.js'
import { checkEndorsement, createPasskey, endorse } from './passkey.js'

// Five clients in one page. In production, each of them is in the browser of another user.
const names = ['ada', 'ben', 'cho', 'dee', 'eva']
const DAY = 24 * 60 * 60 * 1000

async function roundWithStoredKeys(): Promise<void> {
  const keys = await Promise.all(names.map((name) => storedKey(name)))
  const publicKeys = await Promise.all(keys.map(({ publicKey }) => importPublicKey({ spki: publicKey })))
  await run('keys in IndexedDB', keys, publicKeys)
}

/** Each user's passkey endorses the key in the browser once. The rounds then need no confirmation. */
async function roundWithPasskeys(): Promise<void> {
  const keys = await Promise.all(names.map((name) => storedKey(name)))
  const site = { origin: location.origin, domain: location.hostname, at: Date.now() }
  const publicKeys: CryptoKey[] = []
  for (const [seat, { publicKey }] of keys.entries()) {
    const passkey = await createPasskey(names[seat]!)
    const endorsement = await endorse(passkey, publicKey, site.at + 30 * DAY)
    publicKeys.push(await checkEndorsement(passkey, endorsement, site))
  }
  await run('keys endorsed by passkeys', keys, publicKeys)
}

async function run(
  title: string,
  keys: readonly Awaited<ReturnType<typeof storedKey>>[],
  publicKeys: readonly CryptoKey[],
): Promise<void> {
  const roster = names.map((name, seat) => ({ name, publicKey: publicKeys[seat]! }))
  const result = await runRound(
    {
      signers: keys.map(({ signer }) => signer),
      verifyIdentity: p256Verifier(roster),
      roster: await rosterBytes(roster),
    },
    { leaving: 4 },
  )
  const ends = keys.map(({ publicKey }) =>
    [...publicKey.slice(-4)].map((byte) => byte.toString(16)).join(' '),
  )
  show(`${describeResult(title, result)}\nthe public keys end with ${ends.join(', ')}`)
}

function show(text: string): void {
  document.querySelector('output')!.textContent = text
}

document.querySelector('button')!.addEventListener('click', () => {
  roundWithPasskeys().catch((error: unknown) => show(String(error)))
})
roundWithStoredKeys().catch((error: unknown) => show(String(error)))
