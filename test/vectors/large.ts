import { sha256 } from '@noble/hashes/sha2.js'
import { nobleCrypto } from 'secagg/crypto'
import { client, type PublishedKeys, type Seated } from 'secagg/protocol'
import { executeMaskPlan, packVector } from 'secagg/vector'
import { deriveSealingKey, sharesAssociatedData } from '../../src/protocol/keys.js'
import {
  encodeMessage,
  forwardedSharesCoder,
  publishedKeysCoder,
  shareKeysCoder,
  survivorsCoder,
  unmaskingCoder,
} from '../../src/wire/index.js'
import { hex, unhex } from './bytes.js'
import type { ClientInput, Digest, Hex, LargeVector, Parameters } from './format.js'
import { configOf, drawing, lanesFor, statedSplitter } from './library.js'
import { maskedInputValues, revealedIn, shareKeysValues } from './record-client.js'
import { recording } from './recording.js'

/** The secret numbers of the large vector: SHA-256 of one byte that says what for, and a number of four bytes. */
function secret(purpose: number, number: number, length = 32): Uint8Array {
  return sha256(Uint8Array.of(purpose, number, number >>> 8, number >>> 16, number >>> 24)).slice(0, length)
}

const FOR = {
  cipherKey: 1,
  maskKey: 2,
  maskKeyShare: 3,
  selfMaskShare: 4,
  maskKeyCoefficient: 5,
  selfMaskCoefficient: 6,
  selfMask: 7,
} as const

const DESCRIPTION =
  'One client among 256 seats, honest-but-curious, the complete graph: shares are over GF(2^16). With D(p, i, l) the first l ' +
  'bytes of SHA-256(u8 p, u32 i), seat v has the private keys c = D(1, v, 32) and s = D(2, v, 32); v seals D(3, v, 32) and ' +
  'D(4, v, 16) to the client; the coefficients of x^i are D(5, i, 32) for s and D(6, i, 16) for b, which is D(7, 0, 16).'

const SEAT = 77

/** The client's part of a large round, by the steps of the library. */
export async function largeVector(): Promise<LargeVector> {
  const parameters = parametersOf()
  const { input, u1, u2, u3, selected } = setting(parameters)
  return {
    description: DESCRIPTION,
    parameters,
    seat: SEAT,
    u1,
    u2,
    u3,
    selected,
    input: input.input,
    values: await valuesOf(parameters, input, u1, u2, u3, selected),
  }
}

function parametersOf(): Parameters {
  return {
    sessionId: hex(secret(0, 0, 16)),
    clients: 256,
    threshold: 129,
    minimumCohort: 129,
    adversary: 'honest-but-curious',
    suite: 'aes',
    neighbors: 0,
    assumptions: null,
    corruptClients: null,
    signatureLength: 0,
    sliceLength: null,
    segments: [{ length: 4, bits: 16, bound: '256' }],
    context: [],
  }
}

function setting({ threshold }: Parameters) {
  const u1 = Array.from({ length: 256 }, (_, seat) => seat).filter((seat) => seat % 2 === 1 || seat < 20)
  const u2 = u1.filter((seat) => ![2, 3, 251].includes(seat))
  const u3 = u2.filter((seat) => ![4, 5, 253].includes(seat))
  const exponents = Array.from({ length: threshold - 1 }, (_, index) => index + 1)
  const input: ClientInput = {
    seat: SEAT,
    sends: 4,
    signingKey: null,
    cipherPrivateKey: hex(secret(FOR.cipherKey, SEAT)),
    maskPrivateKey: hex(secret(FOR.maskKey, SEAT)),
    selfMask: hex(secret(FOR.selfMask, 0, 16)),
    maskKeyCoefficients: exponents.map((i) => hex(secret(FOR.maskKeyCoefficient, i))),
    selfMaskCoefficients: exponents.map((i) => hex(secret(FOR.selfMaskCoefficient, i, 16))),
    input: [['0', '1', '254', '255']],
  }
  return { input, u1, u2, u3, selected: [0, 1, 4, SEAT, 253, 255] }
}

async function valuesOf(
  parameters: Parameters,
  input: ClientInput,
  u1: number[],
  u2: number[],
  u3: number[],
  selected: number[],
): Promise<LargeVector['values']> {
  const config = configOf(parameters)
  const noble = nobleCrypto()
  const { crypto, asked } = recording(
    drawing(
      noble,
      unhex(input.cipherPrivateKey),
      unhex(input.maskPrivateKey!),
      unhex(input.selfMask),
      new Uint8Array(32).fill(1),
    ),
  )
  const splitSecret = statedSplitter(({ length }) =>
    length === 32 ? input.maskKeyCoefficients : input.selfMaskCoefficients,
  )
  const everybody = Array.from({ length: 256 }, (_, seat) => seat)
  const peers = u1.filter((seat) => seat !== SEAT)

  const published: PublishedKeys = await Promise.all(
    u1.map(async (seat) => {
      const cipherKey = await noble.x25519.publicKey(secret(FOR.cipherKey, seat))
      const maskKey = await noble.x25519.publicKey(secret(FOR.maskKey, seat))
      return { seat, value: { cipherKey, maskKey, signature: new Uint8Array(0) } }
    }),
  )
  const advertised = await client.advertiseKeys(config, SEAT, { crypto })
  const shared = await client.shareKeys(advertised.state, published, { crypto, splitSecret })
  const publishedBytes = encodeMessage('publishedKeys', publishedKeysCoder(everybody, 0), published)
  const sharedBytes = encodeMessage('shareKeys', shareKeysCoder(peers.length), shared.outbound)
  const share = await shareKeysValues(config, input, asked, u1, '', hex(sharedBytes))

  const own = { seat: SEAT, publicKey: published.find(({ seat }) => seat === SEAT)!.value.cipherKey }
  const forwarded = await Promise.all(
    published
      .filter(({ seat }) => seat !== SEAT && u2.includes(seat))
      .map(async ({ seat, value: { cipherKey } }): Promise<Seated<Uint8Array>> => {
        const { agreement } = share.sealed.find(({ receiver }) => receiver === seat)!
        const sender = { seat, publicKey: cipherKey }
        const key = await deriveSealingKey(config, noble, unhex(agreement), sender, own)
        const shares = Uint8Array.of(
          ...secret(FOR.maskKeyShare, seat),
          ...secret(FOR.selfMaskShare, seat, 16),
        )
        const ciphertext = await noble.suites.aes!.seal(key, sharesAssociatedData(config, seat, SEAT), shares)
        return { seat, value: ciphertext }
      }),
  )
  const masking = await client.maskInput(shared.state, forwarded, new Uint8Array(32), { crypto })
  const vector = lanesFor(config, input.input)
  await executeMaskPlan(vector, config.segments, masking.plan, noble.suites.aes!)
  const maskedInput = `0205${hex(packVector(vector, config.segments))}`
  const masked = await maskedInputValues(config, noble, input, asked, '', [maskedInput])

  const { outbound } = await client.unmask(masking.state, u3, { crypto })
  const unmasking = encodeMessage('unmasking', unmaskingCoder(u2, new Set(u3)), outbound)
  return {
    hash: hex(config.hash),
    publishedKeys: digest(hex(publishedBytes)),
    allShares: digest(share.shares.map((each) => each.maskKeyShare + each.selfMaskShare).join('')),
    shares: share.shares.filter(({ holder }) => selected.includes(holder)),
    commitment: share.commitment,
    sealed: share.sealed.filter(({ receiver }) => selected.includes(receiver)),
    shareKeys: digest(share.message),
    forwardedShares: digest(hex(encodeMessage('forwardedShares', forwardedSharesCoder(peers), forwarded))),
    masks: masked.masks.filter((mask) => selected.includes(mask.with)),
    masked: masked.masked,
    maskedInput,
    survivors: hex(encodeMessage('survivors', survivorsCoder(everybody), u3)),
    revealed: revealedIn(unmasking, u2, u3).filter(({ owner }) => selected.includes(owner)),
    unmasking: digest(hex(unmasking)),
  }
}

function digest(bytes: Hex): Digest {
  return { sha256: hex(sha256(unhex(bytes))), length: bytes.length / 2 }
}
