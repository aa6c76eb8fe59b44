/**
 * The shape of the vectors. Bytes are hexadecimal, vectors of elements are decimal strings per segment, sets of seats are
 * ascending lists. Names are those of docs/specification.md. In files for hybrid key agreement, `<i>` in a byte string stands for entry i of
 * bytes-hybrid.json: the keys and ciphertexts of ML-KEM-768 are there, each once.
 */

export type Hex = string
/** One list of decimal numbers for each segment. */
export type Elements = string[][]

/** A configuration with every default filled in. */
export interface Parameters {
  sessionId: Hex
  clients: number
  threshold: number
  minimumCohort: number
  adversary: 'honest-but-curious' | 'active'
  suite: 'aes' | 'chacha'
  /** Absent for X25519 alone. */
  keyAgreement?: 'x25519-ml-kem-768'
  /** 0 for the complete graph. */
  neighbors: number
  assumptions: { corruptFraction: number; dropoutFraction: number; statisticalSecurity: number } | null
  corruptClients: number | null
  signatureLength: number
  sliceLength: number | null
  segments: { length: number; bits: number; bound: string }[]
  context: { name: string; value: Hex }[]
}

export interface ConfigurationValues {
  contextEncoding: Hex
  contextHash: Hex
  encoding: Hex
  hash: Hex
}

/** What client u brings to a round. */
export interface ClientInput {
  seat: number
  /** The Ed25519 seed of its identity, in the active model. */
  signingKey: Hex | null
  cipherPrivateKey: Hex
  /** Absent with hybrid key agreement. */
  maskPrivateKey?: Hex
  /** With hybrid key agreement only. */
  hybrid?: HybridClientInput
  /** On the chosen graph only. */
  choice?: Hex
  selfMask: Hex
  /** Of the polynomials that share s^SK, or the master secret: those of x, x², …, each as long as the secret. */
  maskKeyCoefficients: Hex[]
  selfMaskCoefficients: Hex[]
  input: Elements
  /** How many of its messages it sends before it vanishes; the slices of a vector are one. */
  sends: number
}

/**
 * What a client draws for hybrid key agreement. `cipherSeed` is that of ck. The 32 random bytes m with which FIPS 203 has it
 * encapsulate to a public key are SHA-256(encapsulationSeed ‖ the public key): so they do not depend on an order.
 */
interface HybridClientInput {
  cipherSeed: Hex
  masterSecret: Hex
  encapsulationSeed: Hex
}

/** What a round is made from; everything else in a vector follows from it. */
export interface RoundInput {
  description: string
  parameters: Parameters
  /** By seat; the Ed25519 public keys that may sit there, in the active model. */
  enrolled: Hex[] | null
  /** U1 in the order of the circle, on the sparse graph; and the random bytes of which this library draws that order. */
  ring: number[] | null
  ringRandomness: Hex | null
  clients: ClientInput[]
}

interface AdvertiseKeysValues {
  cipherPublicKey: Hex
  maskPublicKey: Hex
  /** With hybrid key agreement only: what follows from the master secret, and both ML-KEM-768 keys. */
  hybrid?: { maskPrivateKey: Hex; maskSeed: Hex; cipherKemKey: Hex; maskKemKey: Hex }
  statement: Hex | null
  signature: Hex | null
  /** Sample of the client's choice; on the chosen graph only. */
  holders?: number[]
  message: Hex
}

export interface ShareKeysValues {
  received: Hex
  shares: { holder: number; coordinate: number; maskKeyShare: Hex; selfMaskShare: Hex }[]
  commitment: { info: Hex; value: Hex }
  sealed: {
    receiver: number
    agreement: Hex
    /** K and C; with hybrid key agreement only. */
    encapsulated?: EncapsulatedValues
    info: Hex
    key: Hex
    associatedData: Hex
    plaintext: Hex
    ciphertext: Hex
  }[]
  /** With hybrid key agreement only: the secrets for masks that the client sends. `secret` is p. */
  maskSecrets?: {
    receiver: number
    secretInfo: Hex
    secret: Hex
    confirmationInfo: Hex
    confirmation: Hex
    agreement: Hex
    encapsulated: EncapsulatedValues
    info: Hex
    key: Hex
    associatedData: Hex
    sealed: Hex
  }[]
  message: Hex
}

interface EncapsulatedValues {
  secret: Hex
  ciphertext: Hex
}

export interface MaskedInputValues {
  received: Hex
  /** `with` is the client itself for its self-mask; `secret` is then b, else the agreement (hybrid: followed by p). `mask` is packed. */
  masks: { with: number; sign: number; secret: Hex; info: Hex; seed: Hex; mask: Hex }[]
  /** y. */
  masked: Elements
  /** On the chosen graph only. */
  inclusion?: { keysDigest: Hex; bits: Hex; statement: Hex; signature: Hex }
  messages: Hex[]
}

/** Phase 3 on the chosen graph. */
interface AcknowledgementValues {
  received: Hex
  /** The owners that are alive. */
  living: number[]
  /** With hybrid key agreement, `agreement` is followed by K. */
  given: { owner: number; agreement: Hex; info: Hex; value: Hex }[]
  message: Hex
}

interface ConsistencyCheckValues {
  received: Hex
  /** D. */
  published: Hex
  statement: Hex
  signature: Hex
  message: Hex
}

export interface UnmaskingValues {
  received: Hex
  revealed: { owner: number; secret: 'selfMask' | 'maskKey'; share: Hex }[]
  message: Hex
}

/** What a client made and sent, as far as it came. */
export interface ClientValues {
  seat: number
  advertiseKeys: AdvertiseKeysValues
  shareKeys?: ShareKeysValues
  maskedInput?: MaskedInputValues
  consistencyCheck?: ConsistencyCheckValues
  acknowledgement?: AcknowledgementValues
  unmasking?: UnmaskingValues
}

export interface ServerValues {
  /** Σ y over U3. */
  maskedSum: Elements
  secrets: { owner: number; secret: 'selfMask' | 'maskKey'; value: Hex }[]
  /** The masks in the masked sum; `dropped` is null for a self-mask. */
  masks: { survivor: number; dropped: number | null; sign: number; info: Hex; seed: Hex }[]
  /** Σ x over U3. */
  sum: Elements
}

export interface RoundValues {
  configuration: ConfigurationValues
  sets: { u1: number[]; u2: number[]; u3: number[]; u4: number[] | null; u5: number[] }
  clients: ClientValues[]
  server: ServerValues
}

export interface RoundVector {
  round: RoundInput
  values: RoundValues
}

/** A step that a party refuses: in which round, and the code of the error; who is at fault where it is `wrong-mask-secret`. */
export interface Failure {
  phase: string
  code: string
  culprits?: number[]
}

/** What is done with one party, in order. Whatever fails changes nothing. */
export type Operation =
  /** A client begins. */
  | { do: 'start'; sends: Hex[] }
  /** A client gets a message of the server and answers. */
  | { do: 'receive'; message: Hex; sends: Hex[] }
  | { do: 'receive'; message: Hex; fails: Failure }
  /** The server gets a message of a client. */
  | { do: 'accept'; seat: number; message: Hex; result: 'accepted' | 'duplicate' }
  | { do: 'accept'; seat: number; message: Hex; fails: Failure }
  /** The server goes on with those who have answered: to the next round, or to the sum. */
  | {
      do: 'close'
      phase: string
      sends: { seat: number; message: Hex }[]
      sum: Elements | null
      /** After the sum, with hybrid key agreement: who is at fault, if somebody is. */
      culprits?: number[]
    }
  | { do: 'close'; fails: Failure }
  /**
   * The party stops, and another one goes on from what it has saved. `saved` is the state in the library's own form, which is
   * not specified. `sends` is what may not have arrived: the client's last messages, or what the server has said to those who
   * have not answered.
   */
  | { do: 'resume'; saved: Hex; sends: Hex[] | { seat: number; message: Hex }[] }

export interface Transcript {
  name: string
  description: string
  /** The round whose configuration, enrolment and drawn values the party has. */
  base: string
  /** By seat; instead of the base's. */
  enrolled?: Hex[]
  /** The seat of a client, or the server. */
  party: number | 'server'
  operations: Operation[]
}

type Shape = { length: number; bits: number }[]

/** Single parts of the protocol. */
export interface Parts {
  configurations: { parameters: Parameters; values: ConfigurationValues }[]
  /** Whether k and t withstand what is assumed; and where they do, the least |U1| that is enough for it. */
  neighborhoods: {
    clients: number
    neighbors: number
    threshold: number
    assumptions: NonNullable<Parameters['assumptions']>
    minimumPresent: number | null
  }[]
  /** ⌊fraction · of⌋, computed in doubles. */
  fractions: { fraction: number; of: number; part: number }[]
  /** What stands in the encoding of a configuration where a slice length is stated; null where it is refused. */
  sliceLengths: { elements: number; stated: number; encoded: number | null }[]
  /** Whether these may stand as X25519 public keys in a round. */
  publicKeys: { publicKey: Hex; acceptable: boolean }[]
  /** Ed25519. */
  signatures: { what: string; publicKey: Hex; message: Hex; signature: Hex; valid: boolean }[]
  /** Any t of all shares give the secret; some of them are here, t and more. */
  sharing: {
    field: 'GF(2^8)' | 'GF(2^16)'
    threshold: number
    holders: number
    secret: Hex
    coefficients: Hex[]
    shares: { coordinate: number; share: Hex }[]
  }[]
  /** PRG(seed), packed. */
  masks: { suite: 'aes' | 'chacha'; seed: Hex; segments: Shape; mask: Hex }[]
  packing: { segments: Shape; elements: Elements; packed: Hex }[]
  /** No packed vectors, for want of length or because of their padding. */
  malformed: { segments: Shape; packed: Hex }[]
  /** The elements of each slice, counted over all segments: from the first on, before the second. */
  slices: { segments: Shape; sliceLength: number; slices: [from: number, to: number][] }[]
}

/** Single parts of the graph on which clients choose their holders. */
export interface ChosenParts {
  /** `hash` is that of the configuration. */
  samples: {
    hash: Hex
    clients: number
    neighbors: number
    seat: number
    choice: Hex
    holders: number[]
  }[]
  acknowledgements: {
    parameters: Parameters
    hash: Hex
    clients: { seat: number; cipherPrivateKey: Hex }[]
    agreement: Hex
    values: { holder: number; owner: number; info: Hex; value: Hex }[]
  }[]
  /** Whether k and t withstand what is assumed. */
  neighborhoods: {
    clients: number
    neighbors: number
    threshold: number
    minimumCohort: number
    assumptions: NonNullable<Parameters['assumptions']>
    proven: boolean
  }[]
  /** The clients whose keys are accepted, those of U1 that share their secrets, and U2. */
  admissions: {
    hash: Hex
    clients: number
    neighbors: number
    threshold: number
    advertised: { seat: number; choice: Hex }[]
    u1: number[]
    answered: number[]
    u2: number[]
  }[]
}

/** SHA-256 and length of what would be large. */
export interface Digest {
  sha256: Hex
  length: number
}

/**
 * One client among 256 seats, so that shares are over GF(2^16), and what it hears of the others. Of long lists there are some
 * entries and a digest of the whole.
 */
export interface LargeVector {
  description: string
  parameters: Parameters
  seat: number
  u1: number[]
  u2: number[]
  u3: number[]
  /** The entries of lists that are here in full. */
  selected: number[]
  input: Elements
  values: {
    hash: Hex
    publishedKeys: Digest
    /** By holder, of all of them: the share of s^SK, then that of b. */
    allShares: Digest
    shares: ShareKeysValues['shares']
    commitment: ShareKeysValues['commitment']
    sealed: ShareKeysValues['sealed']
    shareKeys: Digest
    forwardedShares: Digest
    masks: MaskedInputValues['masks']
    masked: Elements
    maskedInput: Hex
    survivors: Hex
    revealed: UnmaskingValues['revealed']
    unmasking: Digest
  }
}
