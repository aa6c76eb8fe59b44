import { createRequire } from 'node:module'
import type * as Pkcs11 from 'pkcs11js'
import type { Signer } from 'secagg'

// The package is CommonJS, and its names are not visible to `import`.
const pkcs11: typeof Pkcs11 = createRequire(import.meta.url)('pkcs11js')

// From PKCS #11 version 3.0. The package does not name them.
const CKM_EC_EDWARDS_KEY_PAIR_GEN = 0x1055
const CKM_EDDSA = 0x1057
const CKK_EC_EDWARDS = 0x40

/** 1.3.101.112, which is Ed25519, in DER. */
const ED25519 = Buffer.from('06032b6570', 'hex')
const SIGNATURE_LENGTH = 64

export interface TokenOptions {
  /** The path of the vendor's PKCS #11 library. */
  readonly library: string
  /** The label of the token. */
  readonly label: string
  readonly pin: string
}

/** An Ed25519 key in a token. The private key never leaves it. */
export interface TokenKey {
  /** 32 bytes, for the roster. */
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
  generate(name: string): TokenKey {
    const common = [
      { type: pkcs11.CKA_TOKEN, value: true },
      { type: pkcs11.CKA_LABEL, value: name },
    ]
    this.#library.C_GenerateKeyPair(
      this.#login,
      { mechanism: CKM_EC_EDWARDS_KEY_PAIR_GEN },
      [...common, { type: pkcs11.CKA_EC_PARAMS, value: ED25519 }, { type: pkcs11.CKA_VERIFY, value: true }],
      [
        ...common,
        { type: pkcs11.CKA_PRIVATE, value: true },
        { type: pkcs11.CKA_SENSITIVE, value: true },
        { type: pkcs11.CKA_EXTRACTABLE, value: false },
        { type: pkcs11.CKA_SIGN, value: true },
      ],
    )
    return this.key(name)
  }

  key(name: string): TokenKey {
    const privateKey = this.#find(pkcs11.CKO_PRIVATE_KEY, name)
    const [point] = this.#library.C_GetAttributeValue(this.#login, this.#find(pkcs11.CKO_PUBLIC_KEY, name), [
      { type: pkcs11.CKA_EC_POINT },
    ])
    return {
      publicKey: publicKeyOf(point!.value as Buffer),
      signer: { sign: (message) => this.#sign(privateKey, message) },
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
  async #sign(privateKey: Pkcs11.Handle, message: Uint8Array): Promise<Uint8Array> {
    const session = this.#open()
    try {
      this.#library.C_SignInit(session, { mechanism: CKM_EDDSA }, privateKey)
      const room = Buffer.alloc(SIGNATURE_LENGTH)
      return Uint8Array.from(await this.#library.C_SignAsync(session, Buffer.from(message), room))
    } finally {
      this.#library.C_CloseSession(session)
    }
  }

  #find(objectClass: number, name: string): Pkcs11.Handle {
    this.#library.C_FindObjectsInit(this.#login, [
      { type: pkcs11.CKA_CLASS, value: objectClass },
      { type: pkcs11.CKA_KEY_TYPE, value: CKK_EC_EDWARDS },
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

/** The key of 32 bytes. Tokens put it into a DER OCTET STRING, which makes 34 bytes; some leave that out. */
export function publicKeyOf(point: Uint8Array): Uint8Array {
  if (point.length === 32) return Uint8Array.from(point)
  if (point.length === 34 && point[0] === 0x04 && point[1] === 32) return Uint8Array.from(point.subarray(2))
  throw new Error(`not an Ed25519 key: a point of ${point.length} bytes`)
}
