// Runs in a Node that has node:ffi. Masks whose keystreams OpenSSL writes into memory, on this thread and on two others, are
// those of the plain provider.
import { createHash } from 'node:crypto'
import { type CryptoProvider, nodeCrypto, withNodeFfi } from 'secagg/crypto'
import { executeMaskPlan, type MaskExecutor } from 'secagg/vector'
import { createMaskPool } from 'secagg/workers'

const LENGTH = 700_001

const plain = nodeCrypto()!
const filling = withNodeFfi(plain)

async function masked(
  name: 'aes' | 'chacha',
  crypto: CryptoProvider,
  execute: MaskExecutor,
): Promise<string> {
  const suite = crypto.suites[name]!
  const plan = Array.from({ length: 30 }, (_, term) => ({
    seed: new Uint8Array(suite.keyLength).fill(term),
    sign: term % 3 === 0 ? (-1 as const) : (1 as const),
  }))
  const target = [new Uint32Array(LENGTH)]
  await execute(target, [{ length: LENGTH, bits: 31 }], plan, suite)
  return createHash('sha256').update(target[0]!).digest('hex')
}

const pool = await createMaskPool({ workers: 2 })
const seen: Record<string, boolean | number> = {}
for (const name of ['aes', 'chacha'] as const) {
  const expected = await masked(name, plain, executeMaskPlan)
  const stream = filling.suites[name]!.keystream(new Uint8Array(filling.suites[name]!.keyLength), 0)
  seen[`${name} fills memory`] = stream.fill !== undefined
  seen[`${name} here`] = (await masked(name, filling, executeMaskPlan)) === expected
  seen[`${name} on threads`] = (await masked(name, filling, pool.execute)) === expected
}
seen.threads = pool.threads
await pool.close()
process.stdout.write(JSON.stringify(seen))
