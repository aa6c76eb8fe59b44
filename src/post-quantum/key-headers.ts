import { hexToBytes } from '@noble/hashes/utils.js'

/**
 * What stands before a 64-byte seed in PKCS #8: SEQUENCE { INTEGER 0, SEQUENCE { OID id-alg-ml-kem-768 },
 * OCTET STRING { [0] seed } } (RFC 9935, section 6).
 */
export const PRIVATE_KEY_HEADER: Uint8Array = hexToBytes('3054020100300b060960864801650304040204428040')

/** What stands before a public key of 1184 bytes in SPKI (RFC 9935, section 4). */
export const PUBLIC_KEY_HEADER: Uint8Array = hexToBytes('308204b2300b0609608648016503040402038204a100')
