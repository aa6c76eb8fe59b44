import { sha256 } from '@noble/hashes/sha2.js'
import type { RoundConfig, Vector } from 'secagg'
import type { CryptoProvider } from 'secagg/crypto'
import {
  addInto,
  copyVector,
  expandMask,
  packVector,
  reduceInto,
  segmentsInRange,
  subtractInto,
} from 'secagg/vector'
import { label, seatBytes } from '../../src/protocol/keys.js'
import { keysStatement, survivorsStatement } from '../../src/protocol/statements.js'
import { sliceCount, sliceRange } from '../../src/vector/segments.js'
import { decodeMessage, publishedKeysCoder, unmaskingCoder } from '../../src/wire/index.js'
import { hex, unhex } from './bytes.js'
import type {
  ClientInput,
  ClientValues,
  MaskedInputValues,
  RoundValues,
  ShareKeysValues,
  UnmaskingValues,
} from './format.js'
import { elementsOf, lanesFor, statedSplitter } from './library.js'
import type { Traffic } from './record.js'
import type { Asked } from './recording.js'

const ORIGIN = { fault: 'internal', phase: 'unmasking', culprits: [] } as const

/** Every value of one client, from what it got and sent and what it asked of its primitives. */
export async function clientValues(
  config: RoundConfig,
  crypto: CryptoProvider,
  { input, asked, received, sent }: Traffic,
  { u2, u3 }: RoundValues['sets'],
): Promise<ClientValues> {
  const { seat } = input
  const active = config.adversary === 'active'
  const messages = sent.map((answers) => answers.map(hex))
  const inbound = received.map(hex)
  const cipherKey = await crypto.x25519.publicKey(unhex(input.cipherPrivateKey))
  const maskKey = await crypto.x25519.publicKey(unhex(input.maskPrivateKey))
  const values: ClientValues = {
    seat,
    advertiseKeys: {
      cipherPublicKey: hex(cipherKey),
      maskPublicKey: hex(maskKey),
      statement: active ? hex(keysStatement(config, seat, { cipherKey, maskKey })) : null,
      signature: active ? messages[0]![0]!.slice(2 * 98) : null,
      message: messages[0]![0]!,
    },
  }
  if (messages[1] === undefined) return values
  const published = hearsOf(config, received[0]!)
  values.shareKeys = await shareKeysValues(config, input, asked, published, inbound[0]!, messages[1][0]!)
  if (messages[2] === undefined) return values
  values.maskedInput = await maskedInputValues(config, crypto, input, asked, inbound[1]!, messages[2])
  const answer = messages[active ? 4 : 3]?.[0]
  if (active && messages[3] !== undefined) {
    values.consistencyCheck = {
      received: inbound[2]!,
      published: hex(sha256(received[0]!)),
      statement: hex(survivorsStatement(config, sha256(received[0]!), seat, u3)),
      signature: messages[3][0]!.slice(4),
      message: messages[3][0]!,
    }
  }
  if (answer === undefined) return values
  const owners = u2.filter((owner) => published.includes(owner))
  values.unmasking = {
    received: inbound[active ? 3 : 2]!,
    revealed: revealedIn(unhex(answer), owners, u3),
    message: answer,
  }
  return values
}

/** The seats that a client was told of. */
function hearsOf(config: RoundConfig, published: Uint8Array): readonly number[] {
  const universe =
    config.graph.kind === 'complete'
      ? Array.from({ length: config.clients }, (_, seat) => seat)
      : config.graph.neighbors + 1
  const coder = publishedKeysCoder(universe, config.signatureLength)
  return decodeMessage('publishedKeys', coder, published, ORIGIN).map(({ seat }) => seat)
}

export async function shareKeysValues(
  config: RoundConfig,
  input: ClientInput,
  { derivations, sealed }: Asked,
  published: readonly number[],
  received: string,
  message: string,
): Promise<ShareKeysValues> {
  const { seat } = input
  const peers = published.filter((other) => other !== seat)
  const holders =
    config.graph.kind === 'complete' ? Array.from({ length: config.clients }, (_, other) => other) : peers
  const split = (secret: string, coefficients: string[]) =>
    statedSplitter(() => coefficients)(unhex(secret), config.threshold, holders.length)
  const maskKeyShares = await split(input.maskPrivateKey, input.maskKeyCoefficients)
  const selfMaskShares = await split(input.selfMask, input.selfMaskCoefficients)
  const commitment = derivations.find(({ info }) => info.startsWith(hex(label('commitment'))))!
  return {
    received,
    shares: holders.map((holder, index) => ({
      holder,
      coordinate: index + 1,
      maskKeyShare: hex(maskKeyShares[index]!),
      selfMaskShare: hex(selfMaskShares[index]!),
    })),
    commitment: { info: commitment.info, value: commitment.key },
    sealed: peers.map((receiver) => {
      const ends = hex(seatBytes(seat)) + hex(seatBytes(receiver))
      const each = sealed.find(({ associatedData }) => associatedData.endsWith(ends))!
      const { secret, info } = derivations.find(({ key }) => key === each.key)!
      return { receiver, agreement: secret, info, ...each }
    }),
    message,
  }
}

export async function maskedInputValues(
  config: RoundConfig,
  crypto: CryptoProvider,
  input: ClientInput,
  { derivations }: Asked,
  received: string,
  messages: string[],
): Promise<MaskedInputValues> {
  const { segments } = config
  const suite = crypto.suites[config.suite]!
  const masked = copyVector(lanesFor(config, input.input))
  const masks: MaskedInputValues['masks'] = []
  const add = async (other: number, sign: number, derivation: Asked['derivations'][number]) => {
    const mask = await expandMask(suite, unhex(derivation.key), segments)
    if (sign === 1) addInto(masked, mask, segments)
    else subtractInto(masked, mask, segments)
    const { secret, info, key: seed } = derivation
    masks.push({ with: other, sign, secret, info, seed, mask: hex(packVector(mask, segments)) })
  }
  const labelOf = (name: string): string => hex(label(name))
  await add(input.seat, 1, derivations.find(({ info }) => info.startsWith(labelOf('self mask')))!)
  for (let other = 0; other < config.clients; other++) {
    const [u, v] = [Math.min(input.seat, other), Math.max(input.seat, other)]
    const beginning = labelOf('pairwise mask') + hex(seatBytes(u)) + hex(seatBytes(v))
    const derivation = derivations.find(({ info }) => info.startsWith(beginning))
    if (derivation !== undefined) await add(other, input.seat > other ? 1 : -1, derivation)
  }
  reduceInto(masked, segments)
  if (messages.join() !== maskedMessages(config, masked).join()) {
    throw new Error(`the masks of seat ${input.seat} do not make what it sent`)
  }
  return { received, masks, masked: elementsOf(masked), messages }
}

/** What a client should send, written down once more. */
function maskedMessages({ segments, sliceLength }: RoundConfig, masked: Vector): string[] {
  const slices = sliceCount(segments, sliceLength)
  if (slices === 1) return [`0205${hex(packVector(masked, segments))}`]
  let start = 0
  return Array.from({ length: slices }, (_, slice) => {
    const part = segmentsInRange(segments, sliceRange(segments, sliceLength, slice))
    const length = part.reduce((sum, each) => sum + Math.ceil((each.length * each.bits) / 8), 0)
    start += length
    return `020a${hex(seatBytes(slice))}${hex(packVector(masked, segments)).slice(2 * (start - length), 2 * start)}`
  })
}

export function revealedIn(
  message: Uint8Array,
  owners: readonly number[],
  survivors: readonly number[],
): UnmaskingValues['revealed'] {
  const coder = unmaskingCoder(owners, new Set(survivors))
  return decodeMessage('unmasking', coder, message, ORIGIN).map(({ seat: owner, value }) => ({
    owner,
    secret: survivors.includes(owner) ? 'selfMask' : 'maskKey',
    share: hex(value),
  }))
}
