import { createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto'
import { nodeCrypto } from 'secagg/crypto'
import { split } from 'shamir-secret-sharing'
import { interpolation } from '../src/shamir/combine.js'
import { fieldFor } from '../src/shamir/field.js'
import { secretSplitter } from '../src/shamir/split.js'
import type { Candidate } from './measure.js'

const SECRET = new Uint8Array(32).fill(7)

/** Key agreement with many peers, in units of one peer, beside what Node's own takes. */
export function agreements(): Candidate[] {
  const crypto = nodeCrypto()!
  const { privateKey } = generateKeyPairSync('x25519')
  const jwks = Array.from({ length: 200 }, () =>
    generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }),
  )
  const publicKeys = jwks.map(({ x }) => new Uint8Array(Buffer.from(x!, 'base64url')))
  const imported = jwks.map((key) => createPublicKey({ key, format: 'jwk' }))
  const peers = (count: number): Candidate => ({
    name: `agreement with ${count} peers in one batch`,
    units: count,
    run: async () => void (await crypto.x25519.sharedSecrets(SECRET, publicKeys.slice(0, count))),
  })
  return [
    {
      name: 'node:crypto X25519, keys given as bytes',
      units: jwks.length,
      run: () => {
        for (const key of jwks)
          diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) })
      },
    },
    {
      name: 'node:crypto X25519, keys imported beforehand',
      units: jwks.length,
      run: () => {
        for (const publicKey of imported) diffieHellman({ privateKey, publicKey })
      },
    },
    peers(20),
    peers(200),
  ]
}

/** Splitting a secret of 32 bytes, and reconstructing those of many owners, in units of a secret. */
export function sharings(): Candidate[] {
  const splitSecret = secretSplitter(nodeCrypto()!)
  const splitting = (holders: number, threshold: number): Candidate => ({
    name: `split, ${threshold} of ${holders}`,
    units: 1,
    run: async () => void (await splitSecret(SECRET, threshold, holders)),
  })
  const reconstructing = (owners: number, holders: number, threshold: number): Candidate => {
    const coordinates = Array.from({ length: threshold }, (_, i) => i + 1)
    const shares = Array.from({ length: owners }, () => coordinates.map(() => SECRET))
    return {
      name: `reconstruct, ${threshold} of ${holders}, ${owners} owners at once`,
      units: owners,
      run: () => {
        const through = interpolation(fieldFor(holders), coordinates)
        for (const row of shares) through.secret(row)
      },
    }
  }
  return [
    {
      name: 'shamir-secret-sharing, split, 51 of 100',
      units: 1,
      run: async () => void (await split(SECRET, 100, 51)),
    },
    splitting(26, 6),
    splitting(66, 23),
    splitting(100, 51),
    splitting(500, 251),
    splitting(1000, 501),
    reconstructing(1, 66, 23),
    reconstructing(100, 100, 51),
    reconstructing(1000, 1000, 501),
  ]
}
