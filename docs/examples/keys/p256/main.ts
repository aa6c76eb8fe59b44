/** A round whose clients have P-256 keys in key management services that encode keys and signatures differently. */
import { report, runRound } from '../round.js'
import { p256Verifier, rosterBytes } from './ecdsa.js'
import { derService, enroll, jwkService, pointService } from './services.js'

const services = [derService(), derService(), jwkService(), jwkService(), await pointService()]
const clients = await Promise.all(services.map((service, seat) => enroll(`client-${seat}`, service)))
// Enrollment: every party gets the roster from a source that the server cannot change.
const roster = clients.map(({ member }) => member)
const result = await runRound(
  {
    signers: clients.map(({ signer }) => signer),
    verifyIdentity: p256Verifier(roster),
    roster: await rosterBytes(roster),
  },
  { leaving: 4 },
)
report('P-256 keys', result)
