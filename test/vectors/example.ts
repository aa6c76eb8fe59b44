import type { ClientValues, Hex, RoundVector } from './format.js'

/** Where the example stands in the specification. */
const BEGIN = '<!-- The example is made by `npm run vectors`. -->\n'
const END = '<!-- The end of the example. -->\n'

/** The specification with the example of this round in it. */
export function withExample(specification: string, round: RoundVector): string {
  const [before, after] = [specification.indexOf(BEGIN), specification.indexOf(END)]
  if (before < 0 || after < before) throw new Error('the specification has no place for the example')
  return `${specification.slice(0, before)}${BEGIN}\n${example(round)}\n${specification.slice(after)}`
}

function example({ round, values }: RoundVector): string {
  const drawn = round.clients[1]!
  const { shareKeys, maskedInput, unmasking, advertiseKeys } = values.clients[1] as Required<ClientValues>
  const sealed = shareKeys.sealed[1]!
  const [coefficient] = drawn.maskKeyCoefficients
  const inputs = round.clients.map(({ seat, input }) => `client ${seat}: ${input[0]!.join(' ')}`)
  return [
    'Three clients take part, and any two recover a secret. The model is honest-but-curious, the graph complete, the suite `aes`. Vectors',
    'have four elements of 16 bits, below 1000. The context has one part, `model`, with the value `00 01 02 03`. The whole round, with the',
    'other clients, is in `round-example.json`. The inputs:',
    '',
    block(inputs),
    '',
    'The encoding of the context, the context hash, the encoding of the configuration, field by field, and H:',
    '',
    block([
      `context              ${values.configuration.contextEncoding}`,
      `context hash         ${values.configuration.contextHash}`,
      '',
      ...configurationFields(values.configuration.encoding),
      '',
      `H                    ${values.configuration.hash}`,
    ]),
    '',
    '**Phase 0.** Client 1 draws its private keys and sends AdvertiseKeys:',
    '',
    block([
      `c^SK                 ${drawn.cipherPrivateKey}`,
      `c^PK                 ${advertiseKeys.cipherPublicKey}`,
      `s^SK                 ${drawn.maskPrivateKey}`,
      `s^PK                 ${advertiseKeys.maskPublicKey}`,
      '',
      ...message(advertiseKeys.message),
    ]),
    '',
    '**Phase 1.** Client 1 receives PublishedKeys. It draws b and, because t is 2, one coefficient for each element of its secrets. The',
    'shares of client 2 are at coordinate 3. This is what client 1 seals to client 2, and what it sends:',
    '',
    block([
      ...message(shareKeys.received),
      '',
      `b                    ${drawn.selfMask}`,
      `commitment: info     ${shareKeys.commitment.info}`,
      `commitment           ${shareKeys.commitment.value}`,
      `coefficients for s   ${coefficient}`,
      `coefficients for b   ${drawn.selfMaskCoefficients[0]}`,
      '',
      `share of s at 3      ${shareKeys.shares[2]!.maskKeyShare}`,
      `share of b at 3      ${shareKeys.shares[2]!.selfMaskShare}`,
      `X25519(c_1, c_2)     ${sealed.agreement}`,
      `info                 ${sealed.info}`,
      `key                  ${sealed.key}`,
      `associated data      ${sealed.associatedData}`,
      `plaintext            ${sealed.plaintext}`,
      `sealed               ${sealed.ciphertext}`,
      '',
      ...message(shareKeys.message),
    ]),
    '',
    '**Phase 2.** Client 1 receives ForwardedShares and masks its input. It adds the mask with client 0 and subtracts the mask with client 2.',
    '',
    block([
      ...message(maskedInput.received),
      '',
      ...maskedInput.masks.flatMap((mask) => [
        mask.with === 1
          ? 'self-mask'
          : `with client ${mask.with}, ${mask.sign === 1 ? 'added' : 'subtracted'}`,
        `  ${mask.with === 1 ? 'b                 ' : 'X25519(s_1, s_v)  '} ${mask.secret}`,
        `  info               ${mask.info}`,
        `  seed               ${mask.seed}`,
        `  PRG(seed), packed  ${mask.mask}`,
      ]),
      '',
      `x                    ${drawn.input[0]!.join(' ')}`,
      `y                    ${maskedInput.masked[0]!.join(' ')}`,
      '',
      ...message(maskedInput.messages[0]!),
    ]),
    '',
    '**Phase 4.** All three clients have survived, so client 1 reveals its share of b of every client, including its own:',
    '',
    block([
      ...message(unmasking.received),
      '',
      ...unmasking.revealed.map(({ owner, share }) => `share of b_${owner}         ${share}`),
      '',
      ...message(unmasking.message),
    ]),
    '',
    'From the shares of clients 0 and 1, at coordinates 1 and 2, the server recovers all three b. It removes the self-masks. The pairwise',
    'masks cancel, so the sum is left:',
    '',
    block([
      ...values.server.secrets.map(({ owner, value }) => `b_${owner}                  ${value}`),
      '',
      `sum of y             ${values.server.maskedSum[0]!.join(' ')}`,
      `sum of x             ${values.server.sum[0]!.join(' ')}`,
    ]),
    '',
  ].join('\n')
}

const block = (lines: readonly string[]): string => ['```text', ...lines.flatMap(wrapped), '```'].join('\n')

const COLUMN = 21

/** Long values go on in the same column. */
function wrapped(line: string): string[] {
  const width = COLUMN + 64
  if (line.length <= width) return [line]
  return [line.slice(0, width), ...wrapped(' '.repeat(COLUMN) + line.slice(width))]
}

const NAMES: Readonly<Record<string, string>> = {
  '01': 'AdvertiseKeys',
  '02': 'PublishedKeys',
  '03': 'ShareKeys',
  '04': 'ForwardedShares',
  '05': 'MaskedInput',
  '06': 'Survivors',
  '09': 'Unmasking',
}

function message(bytes: Hex): string[] {
  return [`${NAMES[bytes.slice(2, 4)]!.padEnd(COLUMN)}${bytes}`]
}

/** The encoding of a configuration with one segment. */
function configurationFields(encoding: Hex): string[] {
  const fields: readonly (readonly [string, number])[] = [
    ['label', 20],
    ['version', 2],
    ['suite', 1],
    ['adversary', 1],
    ['neighbors', 4],
    ['corrupt fraction', 8],
    ['dropout fraction', 8],
    ['security', 2],
    ['length of id', 1],
    ['session id', 16],
    ['clients', 4],
    ['threshold', 4],
    ['minimum cohort', 4],
    ['corrupt clients', 4],
    ['signature length', 2],
    ['slice length', 8],
    ['segments', 2],
    ['  length', 8],
    ['  bits', 1],
    ['  bound', 9],
    ['context hash', 32],
  ]
  let at = 0
  const lines = fields.map(([name, length]) => {
    at += length
    return `${name.padEnd(COLUMN)}${encoding.slice(2 * (at - length), 2 * at)}`
  })
  if (2 * at !== encoding.length)
    throw new Error('the fields of the example are not those of its configuration')
  return lines
}
