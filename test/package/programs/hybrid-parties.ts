// Clients and a server of a round with hybrid key agreement. What they are told comes in as lines of JSON, and what they say
// goes out the same way: so parties in two processes meet in one round.
import { createInterface } from 'node:readline'
import { ClientSession, createRoundConfig, ServerSession } from 'secagg'
import { defaultCrypto } from 'secagg/crypto'
import { nobleMlKem768, withPostQuantum } from 'secagg/post-quantum'

type Request =
  | { readonly to: number; readonly bytes?: string }
  | { readonly from: number; readonly bytes: string }
  | { readonly close: true }

const crypto = await withPostQuantum(await defaultCrypto('chacha'))
const config = createRoundConfig({
  sessionId: new Uint8Array(32).fill(7),
  clients: 6,
  adversary: 'honest-but-curious',
  suite: 'chacha',
  keyAgreement: 'x25519-ml-kem-768',
  segments: [{ length: 3, bits: 32, bound: 1000 }],
})
const server = new ServerSession({ config, crypto })
const clients = Array.from({ length: config.clients }, (_, seat) => {
  const input = Uint32Array.of(seat, 10 * seat, 100)
  return new ClientSession({ config, crypto, seat, input })
})

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')
const say = (answer: object): boolean => process.stdout.write(`${JSON.stringify(answer)}\n`)

async function answer(request: Request): Promise<object> {
  if ('close' in request) {
    const outcome = await server.closePhase()
    if (outcome.done)
      return { sum: [...(outcome.sum[0] as Uint32Array)], survivors: outcome.report.survivors }
    return { messages: Array.from(outcome.messages, ([seat, bytes]) => [seat, text(bytes)]) }
  }
  if ('from' in request) return server.receive(request.from, Buffer.from(request.bytes, 'base64'))
  const client = clients[request.to]!
  const { bytes } = request
  return {
    bytes: text(
      bytes === undefined ? await client.start() : await client.receive(Buffer.from(bytes, 'base64')),
    ),
  }
}

say({ isNoble: crypto.mlKem768 === (await nobleMlKem768()) })
for await (const line of createInterface({ input: process.stdin }))
  say(await answer(JSON.parse(line) as Request))
