import { equal, hex } from '../bytes.js'
import { sample } from '../choice.js'
import type { Configuration } from '../configuration.js'
import * as keys from '../keys.js'
import { demand, Reader, TYPE } from '../messages.js'
import { everybody, type PublicKeys, whoSigned } from '../parties.js'
import { isAcceptableKemKey, isAcceptablePublicKey } from '../primitives.js'
import type { Advertised } from './advertise-keys.js'

// Round 1: what a client asks of the keys that the server publishes.

export function readPublishedKeys(
  { graph, clients, neighbors, signatureLength, hybrid }: Configuration,
  inbound: Uint8Array,
): ReadonlyMap<number, PublicKeys> {
  const reader = new Reader(inbound, TYPE.publishedKeys, 'share-keys')
  const entry = (): PublicKeys => ({
    cipherKey: reader.bytes(32),
    maskKey: reader.bytes(32),
    choice: reader.bytes(graph === 'chosen' ? 16 : 0),
    cipherKemKey: reader.bytes(hybrid ? 1184 : 0),
    maskKemKey: reader.bytes(hybrid ? 1184 : 0),
    signature: reader.bytes(signatureLength),
  })
  const published = new Map<number, PublicKeys>()
  if (graph === 'complete') {
    for (const seat of reader.seatSet(everybody(clients))) published.set(seat, entry())
  } else {
    const count = reader.integer(2)
    const most = graph === 'sparse' ? neighbors + 1 : Math.min(clients, 4 * neighbors + 1)
    demand(count <= most, 'malformed-message', 'share-keys')
    for (let i = 0; i < count; i++) {
      const seat = reader.integer(4)
      const last = [...published.keys()].at(-1) ?? -1
      demand(seat > last && seat < clients, 'malformed-message', 'share-keys')
      published.set(seat, entry())
    }
  }
  reader.end()
  return published
}

/** [chosen] Whether all of these are the client, its holders and its owners. */
export function demandNeighbors(
  { self, choice }: Advertised,
  published: ReadonlyMap<number, PublicKeys>,
): void {
  const { configuration, seat } = self
  const holders = sample(configuration, seat, choice)
  for (const [other, theirs] of published) {
    const isOwner = sample(configuration, other, theirs.choice).includes(seat)
    demand(other === seat || holders.includes(other) || isOwner, 'malformed-message', 'share-keys')
  }
}

export function checkPublishedKeys(
  { self, cipherKey, maskKey, choice, cipherKemKey, maskKemKey }: Advertised,
  published: ReadonlyMap<number, PublicKeys>,
): ReadonlyMap<number, string> {
  const { configuration, seat, enrolment } = self
  demand(isEnough(configuration, seat, choice, [...published.keys()]), 'too-few-clients', 'share-keys')
  const own = published.get(seat)
  const isOwn =
    own !== undefined &&
    equal(own.cipherKey, cipherKey) &&
    equal(own.maskKey, maskKey) &&
    equal(own.choice, choice) &&
    equal(own.cipherKemKey, cipherKemKey) &&
    equal(own.maskKemKey, maskKemKey)
  demand(isOwn, 'own-entry-mismatch', 'share-keys')

  const identities = new Map<number, string>()
  if (configuration.active) {
    for (const [other, theirs] of published) {
      const statement = keys.keysStatement(configuration, other, theirs)
      const identity = whoSigned(enrolment, other, statement, theirs.signature)
      demand(identity !== undefined, 'invalid-signature', 'share-keys')
      identities.set(other, identity)
    }
  }
  const seen = new Set<string>()
  for (const [other, theirs] of published) {
    const kemKeys = configuration.hybrid ? [theirs.cipherKemKey, theirs.maskKemKey] : []
    for (const key of [theirs.cipherKey, theirs.maskKey]) {
      demand(isAcceptablePublicKey(key), 'invalid-public-key', 'share-keys')
    }
    for (const key of kemKeys) demand(isAcceptableKemKey(key), 'invalid-public-key', 'share-keys')
    for (const key of [theirs.cipherKey, theirs.maskKey, ...kemKeys]) {
      demand(!seen.has(hex(key)), 'duplicate-key', 'share-keys')
      seen.add(hex(key))
    }
    const identity = identities.get(other)
    if (identity === undefined) continue
    demand(!seen.has(`identity ${identity}`), 'duplicate-identity', 'share-keys')
    seen.add(`identity ${identity}`)
  }
  return identities
}

function isEnough(
  configuration: Configuration,
  seat: number,
  choice: Uint8Array,
  published: readonly number[],
): boolean {
  switch (configuration.graph) {
    case 'complete':
      return published.length >= configuration.minimumCohort
    case 'sparse':
      return published.length >= configuration.neighbors + 1
    case 'chosen': {
      const holders = sample(configuration, seat, choice)
      return published.filter((other) => holders.includes(other)).length >= configuration.threshold
    }
  }
}
