import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import type * as Pkcs11 from 'pkcs11js'
import type { Signer } from 'secagg'

// The package is CommonJS, and its names are not visible to `import`.
const pkcs11: typeof Pkcs11 = createRequire(import.meta.url)('pkcs11js')

/** How a token makes keys of a kind and signs with them. Both kinds of signatures have 64 bytes. */
interface Kind {
  readonly keyType: number
  /** The object identifier of the curve, in DER. */
  readonly curve: Buffer
  readonly generating: number
  readonly signing: number
  /** What the token signs. */
  readonly prepare: (message: Uint8Array) => Buffer
  /** The bytes of a public key. */
  readonly keyLength: number
}

type KindName = 'ed25519' | 'p256'

const KINDS: Readonly<Record<KindName, Kind>> = {
  // From PKCS #11 version 3.0: CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN, CKM_EDDSA. The package does not name them.
  ed25519: {
    keyType: 0x40,
    curve: Buffer.from('06032b6570', 'hex'),
    generating: 0x1055,
    signing: 0x1057,
    prepare: (message) => Buffer.from(message),
    keyLength: 32,
  },
  // Not CKM_ECDSA_SHA256, which not every token has.
  p256: {
    keyType: pkcs11.CKK_EC,
    curve: Buffer.from('06082a8648ce3d030107', 'hex'),
    generating: pkcs11.CKM_EC_KEY_PAIR_GEN,
    signing: pkcs11.CKM_ECDSA,
    prepare: (message) => createHash('sha256').update(message).digest(),
    keyLength: 65,
  },
}

const SIGNATURE_LENGTH = 64

export interface TokenOptions {
  /** The path of the vendor's PKCS #11 library. */
  readonly library: string
  /** The label of the token. */
  readonly label: string
  readonly pin: string
}

/** A key in a token. The private key never leaves it. */
export interface TokenKey {
  /** For the roster: 32 bytes, or a point of 65 bytes for P-256. */
  readonly publicKey: Uint8Array
  readonly signer: Signer
}

/** A PKCS #11 token: a smart card, a hardware security module, or SoftHSM. */
export class Token {
  readonly #library: Pkcs11.PKCS11
  readonly #slot: Pkcs11.Handle
  /** Open as long as the token is: the login ends with the last session. */
  readonly #login: Pkcs11.Handle

  constructor({ library, label, pin }: TokenOptions) {
    this.#library = new pkcs11.PKCS11()
    this.#library.load(library)
    // Signing runs in threads that are not JavaScript's.
    this.#library.C_Initialize({ flags: pkcs11.CKF_OS_LOCKING_OK })
    try {
      // A label is padded with blanks.
      const isIt = (slot: Pkcs11.Handle): boolean => this.#library.C_GetTokenInfo(slot).label.trim() === label
      const slot = this.#library.C_GetSlotList(true).find(isIt)
      if (slot === undefined) throw new Error(`there is no token ${label}`)
      this.#slot = slot
      this.#login = this.#open()
      this.#library.C_Login(this.#login, pkcs11.CKU_USER, pin)
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** Makes a key that can never be read from the token. */
  generate(name: string, kindName: KindName = 'ed25519'): TokenKey {
    const kind = KINDS[kindName]
    const common = [
      { type: pkcs11.CKA_TOKEN, value: true },
      { type: pkcs11.CKA_LABEL, value: name },
    ]
    this.#library.C_GenerateKeyPair(
      this.#login,
      { mechanism: kind.generating },
      [
        ...common,
        { type: pkcs11.CKA_EC_PARAMS, value: kind.curve },
        { type: pkcs11.CKA_VERIFY, value: true },
      ],
      [
        ...common,
        { type: pkcs11.CKA_PRIVATE, value: true },
        { type: pkcs11.CKA_SENSITIVE, value: true },
        { type: pkcs11.CKA_EXTRACTABLE, value: false },
        { type: pkcs11.CKA_SIGN, value: true },
      ],
    )
    return this.key(name, kindName)
  }

  key(name: string, kindName: KindName = 'ed25519'): TokenKey {
    const kind = KINDS[kindName]
    const privateKey = this.#find(pkcs11.CKO_PRIVATE_KEY, name, kind)
    const publicKey = this.#find(pkcs11.CKO_PUBLIC_KEY, name, kind)
    const [point] = this.#library.C_GetAttributeValue(this.#login, publicKey, [{ type: pkcs11.CKA_EC_POINT }])
    return {
      publicKey: publicKeyOf(point!.value as Buffer, kind.keyLength),
      signer: { sign: (message) => this.#sign(privateKey, kind, message) },
    }
  }

  close(): void {
    this.#library.C_Finalize()
    this.#library.close()
  }

  #open(): Pkcs11.Handle {
    return this.#library.C_OpenSession(this.#slot, pkcs11.CKF_SERIAL_SESSION | pkcs11.CKF_RW_SESSION)
  }

  /**
   * Each signature gets a session. A session can make one signature at a time, and one that has failed, for example because
   * the message was empty, refuses all later ones (`CKR_OPERATION_ACTIVE`).
   */
  async #sign(privateKey: Pkcs11.Handle, kind: Kind, message: Uint8Array): Promise<Uint8Array> {
    const session = this.#open()
    try {
      this.#library.C_SignInit(session, { mechanism: kind.signing }, privateKey)
      const room = Buffer.alloc(SIGNATURE_LENGTH)
      return Uint8Array.from(await this.#library.C_SignAsync(session, kind.prepare(message), room))
    } finally {
      this.#library.C_CloseSession(session)
    }
  }

  #find(objectClass: number, name: string, { keyType }: Kind): Pkcs11.Handle {
    this.#library.C_FindObjectsInit(this.#login, [
      { type: pkcs11.CKA_CLASS, value: objectClass },
      { type: pkcs11.CKA_KEY_TYPE, value: keyType },
      { type: pkcs11.CKA_LABEL, value: name },
    ])
    try {
      const found = this.#library.C_FindObjects(this.#login, 2)
      // Labels do not have to be unique.
      if (found.length !== 1) throw new Error(`the token has ${found.length} keys ${name}`)
      return found[0]!
    } finally {
      this.#library.C_FindObjectsFinal(this.#login)
    }
  }
}

/** The bytes of a public key. Tokens put them into a DER OCTET STRING, which makes two more; some leave that out. */
export function publicKeyOf(point: Uint8Array, length: number): Uint8Array {
  if (point.length === length) return Uint8Array.from(point)
  if (point.length === length + 2 && point[0] === 0x04 && point[1] === length) {
    return Uint8Array.from(point.subarray(2))
  }
  throw new Error(`not a public key of ${length} bytes: a point of ${point.length} bytes`)
}
