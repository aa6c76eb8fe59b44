import { sha256 } from '@noble/hashes/sha2.js'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
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
import { holdersChosenBy, holdersKnownTo } from '../../src/graph/index.js'
import { nobleEncapsulation } from '../../src/post-quantum/noble-encapsulation.js'
import { decodePublishedKeys, label, seatBytes } from '../../src/protocol/keys.js'
import {
  inclusionStatement,
  keysDigest,
  keysStatement,
  survivorsStatement,
} from '../../src/protocol/statements.js'
import { sliceCount, sliceRange } from '../../src/vector/segments.js'
import {
  acknowledgementsCoder,
  decodeMessage,
  livingOwnersCoder,
  type PublishedKeys,
  unmaskingCoder,
} from '../../src/wire/index.js'
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
  const hybrid = input.hybrid && (await hybridValues(crypto, input.hybrid, asked))
  const maskKey = await crypto.x25519.publicKey(unhex(hybrid?.maskPrivateKey ?? input.maskPrivateKey!))
  const choice = input.choice === undefined ? undefined : unhex(input.choice)
  const kemKeys = hybrid && {
    cipherKemKey: unhex(hybrid.cipherKemKey),
    maskKemKey: unhex(hybrid.maskKemKey),
  }
  const keys = { cipherKey, maskKey, choice, ...kemKeys }
  const signatureAt = 98 + (choice?.length ?? 0) + (kemKeys === undefined ? 0 : 2 * 1184)
  const values: ClientValues = {
    seat,
    advertiseKeys: {
      cipherPublicKey: hex(cipherKey),
      maskPublicKey: hex(maskKey),
      ...(hybrid && { hybrid }),
      statement: active ? hex(keysStatement(config, seat, keys)) : null,
      signature: active ? messages[0]![0]!.slice(2 * signatureAt) : null,
      ...(choice && { holders: [...holdersChosenBy(config, seat, choice)] }),
      message: messages[0]![0]!,
    },
  }
  if (messages[1] === undefined) return values
  const entries = decodePublishedKeys(config, received[0]!)
  const published = entries.map((entry) => entry.seat)
  values.shareKeys = await shareKeysValues(config, input, asked, published, inbound[0]!, messages[1][0]!)
  if (messages[2] === undefined) return values
  const proof = choice && inclusionOf(config, seat, keysDigest(config, seat, keys), messages[2][0]!)
  values.maskedInput = await maskedInputValues(config, crypto, input, asked, inbound[1]!, messages[2], proof)
  const answer = messages[active ? 4 : 3]?.[0]
  const owners = u2.filter((owner) => published.includes(owner) && sealsTo(config, seat, owner, entries))
  if (choice && messages[3] !== undefined) {
    values.acknowledgement = acknowledgementValues(config, asked, owners, seat, inbound[2]!, messages[3][0]!)
  } else if (active && messages[3] !== undefined) {
    values.consistencyCheck = {
      received: inbound[2]!,
      published: hex(sha256(received[0]!)),
      statement: hex(survivorsStatement(config, sha256(received[0]!), seat, u3)),
      signature: messages[3][0]!.slice(4),
      message: messages[3][0]!,
    }
  }
  if (answer === undefined) return values
  values.unmasking = {
    received: inbound[active ? 3 : 2]!,
    revealed: revealedIn(unhex(answer), owners, u3),
    message: answer,
  }
  return values
}

/** What follows from a master secret, and the ML-KEM-768 keys. */
async function hybridValues(
  crypto: CryptoProvider,
  { cipherSeed }: NonNullable<ClientInput['hybrid']>,
  { derivations }: Asked,
): Promise<NonNullable<ClientValues['advertiseKeys']['hybrid']>> {
  const derived = (name: string): string =>
    derivations.find(({ info }) => info.startsWith(hex(label(name))))!.key
  const maskSeed = derived('mask seed')
  const kem = crypto.mlKem768 ?? nobleEncapsulation(ml_kem768)
  return {
    maskPrivateKey: derived('mask key'),
    maskSeed,
    cipherKemKey: hex(await kem.publicKey(unhex(cipherSeed))),
    maskKemKey: hex(await kem.publicKey(unhex(maskSeed))),
  }
}

/** Whether `owner` has sealed shares to `seat`. */
function sealsTo(config: RoundConfig, seat: number, owner: number, entries: PublishedKeys): boolean {
  const choice = entries.find((entry) => entry.seat === owner)?.value.choice
  return choice === undefined || holdersChosenBy(config, owner, choice).includes(seat)
}

/** What stands in front of a masked vector. */
function inclusionOf(config: RoundConfig, seat: number, digest: Uint8Array, message: string): Inclusion {
  const { graph, signatureLength, sliceLength } = config
  const start = 2 * (sliceLength === undefined ? 2 : 6)
  const end = start + 2 * Math.ceil((graph.kind === 'chosen' ? graph.neighbors : 0) / 8)
  const bits = message.slice(start, end)
  return {
    keysDigest: hex(digest),
    bits,
    statement: hex(inclusionStatement(config, seat, digest, unhex(bits))),
    signature: message.slice(end, end + 2 * signatureLength),
  }
}

type Inclusion = NonNullable<MaskedInputValues['inclusion']>

function acknowledgementValues(
  config: RoundConfig,
  { derivations }: Asked,
  owners: readonly number[],
  seat: number,
  received: string,
  message: string,
): NonNullable<ClientValues['acknowledgement']> {
  const { graph, signatureLength } = config
  const neighbors = graph.kind === 'chosen' ? graph.neighbors : 0
  const coder = livingOwnersCoder(owners, neighbors, signatureLength)
  const living = decodeMessage('livingOwners', coder, unhex(received), ORIGIN).map((entry) => entry.seat)
  const given = decodeMessage('acknowledgements', acknowledgementsCoder(living), unhex(message), ORIGIN)
  return {
    received,
    living,
    given: given.map(({ seat: owner, value }) => {
      const beginning = [label('acknowledge'), seatBytes(seat), seatBytes(owner)].map(hex).join('')
      const { secret, info, key } = derivations.find((each) => each.info.startsWith(beginning))!
      if (key !== hex(value)) throw new Error(`seat ${seat} acknowledges ${owner} with another value`)
      return { owner, agreement: secret, info, value: key }
    }),
    message,
  }
}

export async function shareKeysValues(
  config: RoundConfig,
  input: ClientInput,
  asked: Asked,
  published: readonly number[],
  received: string,
  message: string,
): Promise<ShareKeysValues> {
  const { seat } = input
  const { derivations, sealed } = asked
  const choice = input.choice === undefined ? undefined : unhex(input.choice)
  const holders = holdersKnownTo(config, seat, published, choice)
  const peers = published.filter((other) => other !== seat && holders.includes(other))
  const split = (secret: string, coefficients: string[]) =>
    statedSplitter(() => coefficients)(unhex(secret), config.threshold, holders.length)
  const shared = input.hybrid?.masterSecret ?? input.maskPrivateKey!
  const maskKeyShares = await split(shared, input.maskKeyCoefficients)
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
      const isShares = (data: string): boolean => data.startsWith(hex(label('shares'))) && data.endsWith(ends)
      const each = sealed.find(({ associatedData }) => isShares(associatedData))!
      const { secret, info } = derivations.find(({ key }) => key === each.key)!
      return { receiver, ...agreed(asked, secret), info, ...each }
    }),
    ...(input.hybrid && {
      maskSecrets: peers.flatMap((receiver) => maskSecretValues(asked, seat, receiver)),
    }),
    message,
  }
}

/** An agreement; and with hybrid key agreement, what has been encapsulated and follows it. */
function agreed({ encapsulated }: Asked, secret: string) {
  const agreement = secret.slice(0, 64)
  if (secret === agreement) return { agreement }
  return { agreement, encapsulated: encapsulated.find((each) => each.secret === secret.slice(64))! }
}

/** The secret for a mask that a client sends to `receiver`, if it does. */
function maskSecretValues(
  asked: Asked,
  seat: number,
  receiver: number,
): NonNullable<ShareKeysValues['maskSecrets']> {
  const named = (name: string): string =>
    [label(name), seatBytes(seat), seatBytes(receiver)].map(hex).join('')
  const derived = (name: string) => asked.derivations.find(({ info }) => info.startsWith(named(name)))
  const [sealing, secret] = [derived('seal mask secret'), derived('mask secret')]
  if (sealing === undefined || secret === undefined) return []
  const confirmation = derived('confirm mask secret')!
  const { associatedData, ciphertext } = asked.sealed.find(({ key }) => key === sealing.key)!
  const { agreement, encapsulated } = agreed(asked, sealing.secret)
  return [
    {
      receiver,
      secretInfo: secret.info,
      secret: secret.key,
      confirmationInfo: confirmation.info,
      confirmation: confirmation.key,
      agreement,
      encapsulated: encapsulated!,
      info: sealing.info,
      key: sealing.key,
      associatedData,
      sealed: ciphertext,
    },
  ]
}

export async function maskedInputValues(
  config: RoundConfig,
  crypto: CryptoProvider,
  input: ClientInput,
  { derivations }: Asked,
  received: string,
  messages: string[],
  inclusion?: Inclusion,
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
  const proof = inclusion === undefined ? '' : inclusion.bits + inclusion.signature
  if (messages.join() !== maskedMessages(config, masked, proof).join()) {
    throw new Error(`the masks of seat ${input.seat} do not make what it sent`)
  }
  return { received, masks, masked: elementsOf(masked), ...(inclusion && { inclusion }), messages }
}

/** What a client should send, written down once more. */
function maskedMessages({ segments, sliceLength }: RoundConfig, masked: Vector, proof: string): string[] {
  const slices = sliceCount(segments, sliceLength)
  if (slices === 1) return [`0205${proof}${hex(packVector(masked, segments))}`]
  let start = 0
  return Array.from({ length: slices }, (_, slice) => {
    const part = segmentsInRange(segments, sliceRange(segments, sliceLength, slice))
    const length = part.reduce((sum, each) => sum + Math.ceil((each.length * each.bits) / 8), 0)
    start += length
    const packed = hex(packVector(masked, segments)).slice(2 * (start - length), 2 * start)
    return `020a${hex(seatBytes(slice))}${slice === 0 ? proof : ''}${packed}`
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
