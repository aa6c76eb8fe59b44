import { ServerSession } from 'secagg'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  Authority,
  clientExtensions,
  requestCertificate,
} from '../../../docs/examples/keys/certificates/authority.js'
import { checkChain } from '../../../docs/examples/keys/certificates/chain.js'
import { type CertifiedClient, enrollClient } from '../../../docs/examples/keys/certificates/client.js'
import { openRoster, type Roster } from '../../../docs/examples/keys/certificates/roster.js'
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  Name,
  Pkcs10CertificateRequest,
  X509Certificate,
  X509CertificateGenerator,
  type X509Crl,
} from '../../../docs/examples/keys/certificates/x509.js'
import { joinRound, type Keys, newRound, runRound } from '../../../docs/examples/keys/round.js'
import { expectAttacksToFail, expectRefused, impersonating } from './attacks.js'

const DAY = 24 * 60 * 60 * 1000
const NOW = Date.UTC(2030, 0, 15)
const since = (days: number, length: number) => ({ from: new Date(NOW - days * DAY), days: length })
const [years, month, day] = [since(100, 3650), since(10, 30), since(0, 1)]
const der = ({ rawData }: X509Certificate | X509Crl): Uint8Array => new Uint8Array(rawData)

let root: Authority
let issuing: Authority
let clients: CertifiedClient[]
let crls: X509Crl[]
beforeAll(async () => {
  root = await Authority.createRoot('Root', years)
  issuing = await root.createIntermediate('Issuing', years)
  const enroll = (seat: number) =>
    enrollClient(issuing, `client-${seat}`, month, seat % 2 === 0 ? 'ed25519' : 'p256')
  clients = await Promise.all([0, 1, 2, 3, 4].map(enroll))
  crls = await Promise.all([root, issuing].map((authority) => authority.revocations(day)))
})

async function open(members = clients, lists = crls): Promise<Awaited<ReturnType<typeof openRoster>>> {
  const roster: Roster = { chains: members.map(({ chain }) => chain), crls: lists.map(der), at: NOW }
  return openRoster(roster, [root.certificate], NOW)
}

async function keysOf(members = clients, lists = crls): Promise<Keys> {
  const { verifyIdentity, bytes } = await open(members, lists)
  return { signers: members.map(({ signer }) => signer), verifyIdentity, roster: bytes }
}

describe('identities by certificates', () => {
  test('a round with a dropout gives the sum of the survivors, with Ed25519 and P-256 keys', async () => {
    const { sum, survivors, refused } = await runRound(await keysOf(), { leaving: 4 })
    expect([sum, survivors, refused]).toEqual([[60, 64, 68, 72], [0, 1, 2, 3], []])
  })

  test("another seat's key, a key that is not enrolled and a replayed signature are refused", async () => {
    const { signer } = await enrollClient(issuing, 'stranger', month)
    await expectAttacksToFail(await keysOf(), signer)
  })

  test('a revoked client is refused by the server and by the other clients', async () => {
    const authority = await root.createIntermediate('Revoking', years)
    const members = clients.with(1, await enrollClient(authority, 'client-1', month))
    const before = [...crls, await authority.revocations(day)]
    expect((await runRound(await keysOf(members, before))).survivors).toEqual([0, 1, 2, 3, 4])

    authority.revoke(members[1]!.certificate, new Date(NOW))
    const after = [...crls, await authority.revocations(day)]
    expect((await open(members, after)).refused).toEqual(new Map([[1, 'CN=client-1 is revoked']]))
    await expectRefused(await keysOf(members, after))
    // An older list, which is still valid, does not bring the client back.
    await expectRefused(await keysOf(members, [...before, ...after]))
  })

  test('a client that still has the list of before the revocation cannot be in the sum', async () => {
    const authority = await root.createIntermediate('Revoking', years)
    const members = clients.with(1, await enrollClient(authority, 'client-1', month))
    const before = await keysOf(members, [...crls, await authority.revocations(day)])
    authority.revoke(members[1]!.certificate, new Date(NOW))
    const after = await keysOf(members, [...crls, await authority.revocations(day)])
    const config = newRound(after)
    const server = new ServerSession({ config, verifyIdentity: after.verifyIdentity })
    const behind = joinRound(newRound(before, config.sessionId), 0, before)
    expect(await server.receive(0, await behind.start())).toMatchObject({
      status: 'refused',
      error: { code: 'configuration-mismatch' },
    })
  })

  test('a client gets a new key between two rounds: the name stays, and the old key is refused', async () => {
    const renewed = clients.with(1, await enrollClient(issuing, 'client-1', month))
    const keys = await keysOf(renewed)
    expect((await runRound(keys)).survivors).toEqual([0, 1, 2, 3, 4])
    await expectRefused(impersonating(keys, 1, clients[1]!.signer))
    const message = Uint8Array.of(1)
    for (const [members, { verifyIdentity }] of [
      [clients, await keysOf()],
      [renewed, keys],
    ] as const) {
      const signature = Uint8Array.from(await members[1]!.signer.sign(message))
      expect(await verifyIdentity({ seat: 1, message, signature })).toBe('client-1')
    }
  })

  test("a seat is bound to the key of its certificate: nobody gets two, and nobody another's", async () => {
    const { refused } = await open(clients.with(3, clients[2]!))
    expect(refused).toEqual(new Map([[3, 'another seat has this key']]))
    const second = await enrollClient(issuing, 'client-2', month)
    const { survivors, refused: seats } = await runRound(await keysOf(clients.with(3, second)))
    expect(seats).toEqual([{ seat: 3, code: 'duplicate-identity' }])
    expect(survivors).toEqual([0, 1, 2, 4])
  })

  test('a roster of another time is refused', async () => {
    const { chain } = clients[0]!
    for (const at of [NOW - 2 * 60 * 60 * 1000, NOW + 2 * 60 * 60 * 1000, Number.NaN]) {
      const roster = { chains: [chain], crls: [], at }
      await expect(openRoster(roster, [root.certificate], NOW)).rejects.toThrow(
        'the time of the roster is wrong',
      )
    }
  })

  test('a seat whose bytes are not a certificate is refused, the others are not', async () => {
    const { refused } = await open(clients.with(2, { ...clients[2]!, chain: [Uint8Array.of(48, 1)] }))
    expect([...refused.keys()]).toEqual([2])
  })
})

describe('enrollment', () => {
  test('whoever does not have the private key gets no certificate', async () => {
    const ours = await requestCertificate(clients[0]!.keys)
    const bytes = new Uint8Array(ours.rawData)
    bytes[bytes.length - 1]! ^= 1
    const forged = new Pkcs10CertificateRequest(bytes)
    await expect(issuing.enroll('eve', forged, month)).rejects.toThrow('not signed with its key')
  })

  test('a name that contains another name, or anything but plain characters, is refused', async () => {
    const injected = [
      'ben,O=mallory',
      'ben+O=mallory',
      'mallory, CN=ben',
      'ben\\',
      '"ben"',
      '#0c0362656e',
      'CN=ben',
    ]
    const strange = ['', ' ben', 'ben ', 'ben  x', 'ben\n', 'ben\0', 'b\u0435n', 'b'.repeat(65)]
    for (const name of [...injected, ...strange]) {
      await expect(enrollClient(issuing, name, month)).rejects.toThrow('is not a plain name')
      await expect(root.createIntermediate(name, month)).rejects.toThrow('is not a plain name')
    }
    for (const name of ['Ben Example', 'ben_1@clients.example', 'b'.repeat(64)]) {
      const { certificate } = await enrollClient(issuing, name, month)
      expect(new X509Certificate(certificate.rawData).subjectName.toJSON()).toEqual([{ CN: [name] }])
    }
  })

  test('a certificate of an authority that is less careful has exactly one common name, or no seat', async () => {
    const { publicKey } = clients[1]!.keys
    const subjects = ['CN=client-1, CN=client-2', 'CN=client-1+CN=client-2', 'O=client-1', 'CN=']
    for (const subject of subjects) {
      const certificate = await issuing.certify(new Name(subject), publicKey, month, clientExtensions())
      const chain = [certificate, issuing.certificate].map(der)
      const { refused } = await open(clients.with(1, { ...clients[1]!, chain }))
      expect(refused).toEqual(new Map([[1, 'the certificate must have one name']]))
    }
  })
})

describe('chains', () => {
  const check = (chain: readonly X509Certificate[], lists = crls, at = NOW, anchors = [root.certificate]) =>
    checkChain(chain, { anchors, crls: lists, at: new Date(at) })
  const chainOf = (client: CertifiedClient): X509Certificate[] =>
    client.chain.map((bytes) => new X509Certificate(Uint8Array.from(bytes)))

  test('a good one', async () => {
    await check(chainOf(clients[0]!))
  })

  test('dates', async () => {
    const chain = chainOf(clients[0]!)
    await expect(check(chain, crls, NOW - 11 * DAY)).rejects.toThrow('not valid at')
    await expect(check(chain, crls, NOW + 21 * DAY)).rejects.toThrow('not valid at')
    const old = await Authority.createRoot('Old', since(20, 10))
    const { certificate } = await enrollClient(old, 'client', month)
    const lists = [await old.revocations(day)]
    await expect(check([certificate], lists, NOW, [old.certificate])).rejects.toThrow(
      'CN=Old is not valid at',
    )
  })

  test('another authority, also one that has the same name', async () => {
    for (const name of ['Another', 'Root']) {
      const other = await Authority.createRoot(name, years)
      const between = await other.createIntermediate('Issuing', years)
      const lists = await Promise.all([other, between].map((authority) => authority.revocations(day)))
      await expect(check(chainOf(await enrollClient(between, 'client-0', month)), lists)).rejects.toThrow(
        `CN=${name} is not trusted`,
      )
    }
    await expect(check([])).rejects.toThrow('no certificate')
    await expect(check([clients[0]!.certificate])).rejects.toThrow('CN=Issuing is not trusted')
    await expect(check([clients[0]!.certificate, root.certificate])).rejects.toThrow('not issued by CN=Root')
  })

  test("a client's certificate issues nothing", async () => {
    const keys = (await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as CryptoKeyPair
    const forged = await X509CertificateGenerator.create({
      subject: 'CN=client-1',
      issuer: 'CN=client-0',
      publicKey: keys.publicKey,
      notBefore: month.from,
      notAfter: new Date(NOW + DAY),
      signingKey: clients[0]!.keys.privateKey,
      signingAlgorithm: { name: 'Ed25519' },
      extensions: clientExtensions(),
    })
    await expect(check([forged, ...chainOf(clients[0]!)])).rejects.toThrow('CN=client-0 is not an authority')
  })

  test('an authority below one that may certify clients only', async () => {
    const below = await issuing.createIntermediate('Below', years)
    const chain = [...chainOf(await enrollClient(below, 'client-0', month)), issuing.certificate]
    await expect(check(chain, [...crls, await below.revocations(day)])).rejects.toThrow(
      'the chain is too long',
    )
  })

  test('certificates for other uses', async () => {
    const { publicKey } = clients[0]!.keys
    const server = await issuing.certifyServer('example', publicKey, month)
    await expect(check([server, issuing.certificate])).rejects.toThrow('not for clients')
    const plain = await issuing.certify(new Name('CN=client-0'), publicKey, month, [])
    await expect(check([plain, issuing.certificate])).rejects.toThrow('for other uses')
    const strange = new Extension('1.2.3.4', true, Uint8Array.of(5, 0))
    const unknown = await issuing.certify(new Name('CN=client-0'), publicKey, month, [
      ...clientExtensions(),
      strange,
    ])
    await expect(check([unknown, issuing.certificate])).rejects.toThrow('unknown extension 1.2.3.4')
  })

  test('an authority whose certificate is for other uses', async () => {
    const { clientAuth, serverAuth } = ExtendedKeyUsage
    for (const [purposes, isAccepted] of [
      [[serverAuth], false],
      [[clientAuth], true],
      [[serverAuth, clientAuth], true],
    ] as const) {
      for (const critical of [true, false]) {
        const restriction = new ExtendedKeyUsageExtension([...purposes], critical)
        const authority = await root.createIntermediate('Restricted', years, restriction)
        const chain = chainOf(await enrollClient(authority, 'client-0', month))
        const checked = check(chain, [...crls, await authority.revocations(day)])
        if (isAccepted) await checked
        else await expect(checked).rejects.toThrow('CN=Restricted is not for clients')
      }
    }
  })

  test('revocations that are missing, old, by somebody else, or of an authority', async () => {
    const chain = chainOf(clients[0]!)
    const [ofRoot, ofIssuing] = crls as [X509Crl, X509Crl]
    await expect(check(chain, [ofRoot])).rejects.toThrow('no current revocations of CN=Issuing')
    await expect(check(chain, [ofIssuing])).rejects.toThrow('no current revocations of CN=Root')
    const old = await issuing.revocations(since(2, 1))
    await expect(check(chain, [ofRoot, old])).rejects.toThrow('no current revocations')
    const other = await (await Authority.createRoot('Issuing', years)).revocations(day)
    await expect(check(chain, [ofRoot, other])).rejects.toThrow('no current revocations')
    const between = await root.createIntermediate('Between', years)
    root.revoke(between.certificate, new Date(NOW))
    const lists = await Promise.all([root, between].map((authority) => authority.revocations(day)))
    await expect(check(chainOf(await enrollClient(between, 'client', month)), lists)).rejects.toThrow(
      'CN=Between is revoked',
    )
  })
})
