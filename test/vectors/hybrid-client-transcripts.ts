import type { Hex, RoundVector } from './format.js'
import {
  channelFrom,
  HYBRID,
  HYBRID_ACTIVE,
  HYBRID_CHOSEN,
  HYBRID_SPARSE,
  kemKeysOf,
  placeOf,
  replaced,
  secretFrom,
  sentTo,
  similarKey,
  spoiled,
  UNREDUCED,
} from './hybrid-support.js'
import type { Planned, TranscriptPlan } from './play.js'
import {
  type Bases,
  inboundOf,
  lengthened,
  overwrite,
  refusals,
  shortened,
  valuesOf,
} from './transcript-support.js'

/** Transcripts of a client with hybrid key agreement, and of a server that does not keep to the protocol. */
export function hybridClientTranscripts(bases: Bases): TranscriptPlan[] {
  return [
    ...publishedKeys(bases),
    similarKeys(bases),
    ...forwardedShares(bases),
    ...complaints(bases),
    channel(bases),
    chosenChannel(bases),
  ]
}

function publishedKeys(bases: Bases): TranscriptPlan[] {
  const base = bases[HYBRID]!
  const [published] = inboundOf(base, 0) as [Hex]
  const [own, first, second] = [0, 1, 2].map((seat) => kemKeysOf(base, seat)) as [Kem, Kem, Kem]
  const at = (key: Hex, offset = 0): number => placeOf(published, key) + offset
  const entries = [0, 1, 2].map((seat) => {
    const { cipherPublicKey, maskPublicKey } = valuesOf(base, seat).advertiseKeys
    return cipherPublicKey + maskPublicKey
  })
  return refusals(bases, HYBRID, 'share-keys', 0, [
    ['hybrid: no ML-KEM-768 keys', 'malformed-message', `020207${entries.join('')}`],
    ['hybrid: a byte less', 'malformed-message', shortened(published)],
    ['hybrid: a byte more', 'malformed-message', lengthened(published)],
    ['hybrid: its own ck is another', 'own-entry-mismatch', spoiled(published, own.cipherKemKey)],
    ['hybrid: its own sk is another', 'own-entry-mismatch', spoiled(published, own.maskKemKey)],
    [
      'hybrid: the first coefficient of a ck is not reduced',
      'invalid-public-key',
      overwrite(published, at(first.cipherKemKey), UNREDUCED),
    ],
    [
      'hybrid: the last coefficient of an sk is not reduced',
      'invalid-public-key',
      overwrite(published, at(second.maskKemKey, 1150), 'f0ff'),
    ],
    [
      'hybrid: one key for both purposes',
      'duplicate-key',
      replaced(published, first.maskKemKey, first.cipherKemKey),
    ],
    [
      'hybrid: two clients with one ck',
      'duplicate-key',
      replaced(published, second.cipherKemKey, first.cipherKemKey),
    ],
    [
      'hybrid: the ck of a client is the sk of another',
      'duplicate-key',
      replaced(published, second.maskKemKey, own.cipherKemKey),
    ],
  ])
}

type Kem = ReturnType<typeof kemKeysOf>

function similarKeys(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const [published] = inboundOf(base, 0) as [Hex]
  const [first, second] = [1, 2].map((seat) => kemKeysOf(base, seat)) as [Kem, Kem]
  return {
    name: 'client, share-keys: hybrid: keys that differ in one bit',
    description: 'They are two keys, and may both occur.',
    base: HYBRID,
    party: 0,
    operations: [
      { do: 'start' },
      {
        do: 'receive',
        message: replaced(published, second.cipherKemKey, similarKey(first.cipherKemKey)),
      },
    ],
  }
}

function forwardedShares(bases: Bases): TranscriptPlan[] {
  const base = bases[HYBRID]!
  const [, forwarded] = inboundOf(base, 0) as [Hex, Hex]
  const sent = sentTo(base, 2, 0)
  const withoutSecret = forwarded.replace(sent, '')
  return refusals(bases, HYBRID, 'masked-input', 1, [
    ['hybrid: a byte less', 'malformed-message', shortened(forwarded)],
    ['hybrid: a byte more', 'malformed-message', lengthened(forwarded)],
    ['hybrid: without a secret that is due', 'malformed-message', withoutSecret],
  ])
}

/** A client that cannot open what is sealed to it for masks. */
function complaints(bases: Bases): TranscriptPlan[] {
  const [complete, active, sparse, chosen] = [HYBRID, HYBRID_ACTIVE, HYBRID_SPARSE, HYBRID_CHOSEN].map(
    (name) => bases[name]!,
  ) as [RoundVector, RoundVector, RoundVector, RoundVector]
  const secret = secretFrom(complete, 2, 0)
  const [, forwarded] = inboundOf(complete, 0) as [Hex, Hex]
  const sent = sentTo(complete, 2, 0)
  const shares = valuesOf(complete, 1).shareKeys.sealed.find(({ receiver }) => receiver === 0)!.ciphertext
  const both = [2, 4].reduce(
    (message, sender) => spoiled(message, secretFrom(active, sender, 0).sealed),
    inboundOf(active, 0)[1]!,
  )
  const spoiledFor = (base: RoundVector): [receiver: number, message: Hex] => {
    const { u3 } = base.values.sets
    for (const receiver of u3) {
      const message = inboundOf(base, receiver)[1]!
      const sender = base.values.sets.u2.find((seat) => secretFrom(base, seat, receiver) !== undefined)
      if (sender !== undefined) return [receiver, spoiled(message, secretFrom(base, sender, receiver).sealed)]
    }
    throw new Error('nobody sends a secret')
  }
  return [
    complaining(
      'the ciphertext is altered',
      HYBRID,
      complete,
      0,
      spoiled(forwarded, secret.encapsulated.ciphertext),
    ),
    complaining('the sealed secret is altered', HYBRID, complete, 0, spoiled(forwarded, secret.sealed)),
    complaining(
      'the sender has confirmed another secret',
      HYBRID,
      complete,
      0,
      spoiled(forwarded, secret.confirmation),
    ),
    complaining(
      'the secret is in the parcel of another',
      HYBRID,
      complete,
      0,
      forwarded.replace(sent, '').replace(shares, shares + sent),
    ),
    complaining(
      'one of two senders',
      HYBRID_ACTIVE,
      active,
      0,
      spoiled(inboundOf(active, 0)[1]!, secretFrom(active, 4, 0).confirmation),
    ),
    complaining('both senders', HYBRID_ACTIVE, active, 0, both),
    complaining('on the sparse graph', HYBRID_SPARSE, sparse, ...spoiledFor(sparse)),
    complaining('on the chosen graph', HYBRID_CHOSEN, chosen, ...spoiledFor(chosen)),
  ]
}

/** The client complains, says the same again, and nothing else from then on. */
function complaining(
  name: string,
  base: string,
  vector: RoundVector,
  party: number,
  message: Hex,
): TranscriptPlan {
  const [published, forwarded, next] = inboundOf(vector, party) as [Hex, Hex, Hex]
  const phase = 'masked-input'
  const operations: Planned[] = [
    { do: 'start' },
    { do: 'receive', message: published },
    { do: 'receive', message },
    { do: 'receive', message },
    { do: 'receive', message: forwarded, fails: { phase, code: 'conflicting-message' } },
    { do: 'receive', message: next, fails: { phase, code: 'unexpected-message' } },
    { do: 'receive', message: published, fails: { phase, code: 'unexpected-message' } },
    { do: 'resume' },
    { do: 'receive', message: forwarded, fails: { phase, code: 'conflicting-message' } },
    { do: 'receive', message },
  ]
  return {
    name: `client, masked-input: hybrid: complaint: ${name}`,
    description: 'It sends no masked input, not even for the right message.',
    base,
    party,
    operations,
  }
}

/** What is altered on the channel of the shares is noticed when they are opened. */
function channel(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID]!
  const [published, forwarded, survivors] = inboundOf(base, 0) as [Hex, Hex, Hex]
  return {
    name: 'client, unmasking: hybrid: the ciphertext for shares is altered',
    description: 'The client masks, and has no share of the owner.',
    base: HYBRID,
    party: 0,
    operations: [
      { do: 'start' },
      { do: 'receive', message: published },
      { do: 'receive', message: spoiled(forwarded, channelFrom(base, 2, 0)) },
      { do: 'receive', message: survivors },
    ],
  }
}

function chosenChannel(bases: Bases): TranscriptPlan {
  const base = bases[HYBRID_CHOSEN]!
  const party = base.values.sets.u3.find((seat) => valuesOf(base, seat).acknowledgement.living.length > 1)!
  const [published, forwarded, living, collected] = inboundOf(base, party) as [Hex, Hex, Hex, Hex]
  const owner = valuesOf(base, party).acknowledgement.living[0]!
  return {
    name: 'client, consistency-check: hybrid: the ciphertext for shares is altered',
    description: 'The client does not acknowledge the owner, and reveals no share of it.',
    base: HYBRID_CHOSEN,
    party,
    operations: [
      { do: 'start' },
      { do: 'receive', message: published },
      { do: 'receive', message: spoiled(forwarded, channelFrom(base, owner, party)) },
      { do: 'receive', message: living },
      { do: 'receive', message: collected },
    ],
  }
}
