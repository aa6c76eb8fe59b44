import { type PhaseName, SecAggError } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import { client } from 'secagg/protocol'
import { expect, test } from 'vitest'
import { makeCohort } from '../support/cohort.js'
import { toyCrypto, toySplitter } from '../support/toy-crypto.js'
import { clientStates, INPUT_DIGEST } from './states.js'
import { flipped, hexOf, MODELS, openedRound } from './support.js'

const PHASES: readonly PhaseName[] = ['share-keys', 'masked-input', 'consistency-check', 'unmasking']

/** Remembers whatever must never be seen: keys, seeds, agreements, shares, inputs. */
class Vault {
  readonly secrets: Uint8Array[] = []

  keep(bytes: Uint8Array): Uint8Array {
    this.secrets.push(Uint8Array.from(bytes))
    return bytes
  }

  provider(seed: number): CryptoProvider {
    const crypto = toyCrypto(seed)
    return {
      ...crypto,
      randomBytes: (length) => this.keep(crypto.randomBytes(length)),
      x25519: {
        ...crypto.x25519,
        sharedSecrets: async (...request) => {
          const agreements = await crypto.x25519.sharedSecrets(...request)
          for (const agreement of agreements) if (agreement !== undefined) this.keep(agreement)
          return agreements
        },
      },
      sha256: {
        ...crypto.sha256,
        hkdf: async (...request) => this.keep(await crypto.sha256.hkdf(...request)),
      },
    }
  }

  /** Six bytes in a row of a secret, in whatever form they might be printed. */
  expectNothingOf(text: string): void {
    const plain = text.replaceAll(/"\d+":/g, '').replaceAll(/\s|0x/g, '')
    const numbers = plain.match(/\d+(,\d+){5,}/g) ?? []
    const seen = new Set([
      ...windowsOf([...plain.toLowerCase()], 12, ''),
      ...windowsOf([...text.replaceAll('-', '+').replaceAll('_', '/')], 8, ''),
      ...numbers.flatMap((list) => windowsOf(list.split(','), 6, ',')),
    ])
    for (const secret of this.secrets) {
      const start = secret.subarray(0, 6)
      for (const form of [hexOf(start), start.join(), btoa(String.fromCharCode(...start))]) {
        if (seen.has(form)) expect.fail(`${form} is in ${excerpt(text, form)}`)
      }
    }
  }
}

function windowsOf(parts: readonly string[], length: number, separator: string): string[] {
  return parts.map((_, from) => parts.slice(from, from + length).join(separator))
}

function excerpt(text: string, form: string): string {
  const at = text.toLowerCase().indexOf(form.toLowerCase())
  return text.slice(Math.max(at - 300, 0), at + 100)
}

/** Everything that a log might print of an error, its causes included. */
function printed(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = Object.getOwnPropertyNames(error).map((name) => `${name}=${String(error[name as keyof Error])}`)
  const { stack = '', cause } = error
  return [
    String(error),
    JSON.stringify(error),
    stack,
    ...own,
    cause === undefined ? '' : printed(cause),
  ].join('\n')
}

test('the scan sees a secret in every form', () => {
  const vault = new Vault()
  const secret = vault.keep(Uint8Array.of(250, 3, 99, 254, 7, 200, 31, 8))
  const forms = [
    hexOf(secret),
    hexOf(secret).toUpperCase(),
    secret.join(', '),
    JSON.stringify(secret),
    JSON.stringify([...secret]),
    btoa(String.fromCharCode(...secret)),
  ]
  for (const form of forms) expect(() => vault.expectNothingOf(`x ${form} y`), form).toThrow('is in')
  vault.expectNothingOf('nothing here')
})

test.each(MODELS)(
  '$adversary: no error says anything secret, whatever is done to the messages',
  async (model) => {
    const vault = new Vault()
    const splitter = toySplitter(2)
    const VALUE = 48_611n
    const errors: unknown[] = []
    const attempt = async (work: () => Promise<unknown>): Promise<void> => {
      try {
        const result = await work()
        if (typeof result === 'object' && result !== null && 'error' in result) errors.push(result.error)
      } catch (error) {
        errors.push(error)
      }
    }
    const damages: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
      (bytes) => bytes.slice(0, -1),
      (bytes) => Uint8Array.of(...bytes, 1),
      (bytes) => bytes.slice(0, 3),
      (bytes) => flipped(bytes, 0),
      (bytes) => flipped(bytes, 1, 1),
      (bytes) => flipped(bytes, 2, 7),
      (bytes) => flipped(bytes, 40),
      (bytes) => flipped(bytes, -1),
      (bytes) => new Uint8Array(bytes.length),
    ]
    const rounds = PHASES.filter((phase) => model.adversary === 'active' || phase !== 'consistency-check')
    for (const phase of rounds) {
      for (const damage of damages) {
        let value = VALUE
        const cohort = await makeCohort({
          ...model,
          crypto: vault.provider(4),
          splitSecret: async (...request) => (await splitter(...request)).map((share) => vault.keep(share)),
          segments: [{ length: 2, bits: 64, bound: 60_000n }],
          inputs: [0, 1, 2, 3, 4].map(() => [BigUint64Array.of(VALUE, VALUE)]),
          clientOptions: (seat) => (seat === 0 ? { input: () => [BigUint64Array.of(VALUE, value)] } : {}),
        })
        const { server, sessions, pending } = await openedRound(phase, cohort)
        const bytes = pending.get(0)!
        await attempt(() => sessions[0]!.receive(damage(bytes)))
        value = 61_729n
        await attempt(() => sessions[0]!.receive(bytes))
        value = VALUE
        const answer = await sessions[0]!.receive(bytes).catch(() => undefined)
        await attempt(() => sessions[0]!.receive(damage(bytes)))
        value = VALUE + 1n
        await attempt(() => sessions[0]!.receive(bytes))
        if (answer !== undefined) {
          await attempt(() => server.receive(0, damage(answer)))
          await attempt(() => server.receive(0, answer))
          await attempt(() => server.receive(0, damage(answer)))
        }
        await attempt(() => server.closePhase())
        for (const [seat, message] of pending) {
          // In the last round no more than needed, so that no other share makes up for a damaged one.
          if (phase === 'unmasking' && seat >= cohort.config.threshold) continue
          if (seat > 0) await server.receive(seat, await sessions[seat]!.receive(message).catch(() => bytes))
        }
        await attempt(() => server.closePhase())
        errors.push(sessions[0], server, server.report)
        vault.expectNothingOf([sessions[0], server, server.report].map((each) => JSON.stringify(each)).join())
      }
    }
    const typed = errors.filter((error) => error instanceof SecAggError)
    expect(new Set(typed.map(({ code }) => code)).size).toBeGreaterThan(7)
    const codes = typed.map(({ code }) => code)
    for (const code of ['input-changed', 'input-out-of-range', 'wrong-share']) expect(codes).toContain(code)
    expect(vault.secrets.length).toBeGreaterThan(1000)
    const log = [...new Set(errors.map(printed))].join('\n')
    vault.expectNothingOf(log)
    for (const value of [VALUE, VALUE + 1n, 61_729n]) {
      expect(log.includes(String(value))).toBe(false)
      expect(log.includes(value.toString(16))).toBe(false)
    }
  },
  30_000,
)

test('a step of the protocol that fails says nothing of the state that it was given', async () => {
  const vault = new Vault()
  const { shared, forwarded, masked, capabilities } = await clientStates({
    ...MODELS[1]!,
    crypto: vault.provider(4),
    splitSecret: async (...request) => (await toySplitter(2)(...request)).map((share) => vault.keep(share)),
  })
  const attempts = [
    client.maskInput(masked[0] as never, forwarded[0]!, INPUT_DIGEST, capabilities[0]!),
    client.maskInput(shared[0]!, [{ seat: 9, value: new Uint8Array(64) }], INPUT_DIGEST, capabilities[0]!),
    client.unmask(shared[0] as never, [], capabilities[0]!),
    client.unmask({ ...masked[0], state: undefined } as never, [], capabilities[0]!),
    client.checkConsistency(masked[0]!, [], capabilities[0]!),
    client.checkConsistency(masked[0]!, [0, 1, 2, 3, 4], {}),
  ]
  for (const outcome of await Promise.allSettled(attempts)) {
    expect(outcome.status).toBe('rejected')
    vault.expectNothingOf(printed((outcome as PromiseRejectedResult).reason))
  }
})

test.each(MODELS)(
  '$adversary: the digest of an input that a state holds is under a key that was drawn for it, so it confirms no guess',
  async (model) => {
    const crypto = toyCrypto(9)
    const drawn: string[] = []
    const keys: string[] = []
    const recording: CryptoProvider = {
      ...crypto,
      randomBytes: (length) => {
        const bytes = crypto.randomBytes(length)
        drawn.push(hexOf(bytes))
        return bytes
      },
      sha256: {
        ...crypto.sha256,
        hmac: (key, message) => {
          keys.push(hexOf(key))
          return crypto.sha256.hmac(key, message)
        },
      },
    }
    const clientOptions = (seat: number) => (seat === 0 ? { crypto: recording } : {})
    const { sessions, pending } = await openedRound('masked-input', { ...model, clientOptions })
    await sessions[0]!.receive(pending.get(0)!)
    expect(new Set(keys).size).toBe(1)
    expect(drawn.indexOf(keys[0]!)).toBe(drawn.length - 1)
  },
)
