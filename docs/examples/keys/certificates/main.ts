/** Three rounds whose clients have certificates: then one is revoked, and another gets a new key. */
import { report, runRound } from '../round.js'
import { Authority } from './authority.js'
import { enrollClient } from './client.js'
import { openRoster } from './roster.js'

const at = Date.now()
const [years, month, day] = [3650, 30, 1].map((days) => ({ from: new Date(at), days })) as [Days, Days, Days]
type Days = { readonly from: Date; readonly days: number }

const root = await Authority.createRoot('Example root', years)
const issuing = await root.createIntermediate('Example clients', years)
const clients = await Promise.all(
  ['ada', 'ben', 'cho', 'dee', 'eva'].map((name, seat) =>
    enrollClient(issuing, name, month, seat % 2 === 0 ? 'ed25519' : 'p256'),
  ),
)

await round('five certificates')
issuing.revoke(clients[1]!.certificate, new Date(at))
await round('ben is revoked')
issuing.revoke(clients[3]!.certificate, new Date(at))
clients[3] = await enrollClient(issuing, 'dee', month)
await round('dee has a new key')

/** Everybody opens the roster. Here, one result is enough for all. */
async function round(title: string): Promise<void> {
  const crls = await Promise.all([root, issuing].map((authority) => authority.revocations(day)))
  const roster = {
    chains: clients.map(({ chain }) => chain),
    crls: crls.map(({ rawData }) => new Uint8Array(rawData)),
    at,
  }
  const { verifyIdentity, bytes } = await openRoster(roster, [root.certificate])
  const result = await runRound({
    signers: clients.map(({ signer }) => signer),
    verifyIdentity,
    roster: bytes,
  })
  report(title, result)
}
