import { hexToBytes } from '@noble/hashes/utils.js'
import { type Bytes, equalBytes } from './bytes.js'

/** HKDF-SHA-256 with a result of at most 64 bytes; `undefined` if an input is too long for the kernel. */
export type ShortHkdf = (
  secret: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  length: number,
) => Bytes | undefined

/** The functions of hkdf.wat, which has the comments. */
interface HkdfKernel {
  readonly memory: WebAssembly.Memory
  prepareSalt(): void
  derive(secretLength: number, infoLength: number, blocks: 1 | 2): void
}

// Addresses in the memory of hkdf.wat. What depends on a secret is between SECRETS and END.
const SALT = 256
const SECRETS = 384
const DERIVED = 864
const SECRET = 928
const INFO = 1152
const END = 2240

/** The length of the salt if there is none. */
const NONE = -1

const LONGEST_SALT = 64
const LONGEST_SECRET = 128
const LONGEST_INFO = 1024

/**
 * HKDF in WebAssembly. Node's SHA-256 makes new memory for each result. A derivation has four of them, and memory costs more
 * time than the hashes.
 *
 * @returns A function that leaves no secrets behind; `undefined` if the host does not allow WebAssembly or has no memory for it,
 *   or `binary` does not give the known answer.
 */
export function createHkdf(binary: Uint8Array = hexToBytes(HKDF_HEX)): ShortHkdf | undefined {
  try {
    const module = new WebAssembly.Module(binary as Bytes)
    const hkdf = hkdfOf(new WebAssembly.Instance(module).exports as unknown as HkdfKernel)
    return givesKnownAnswer(hkdf) ? hkdf : undefined
  } catch {
    return undefined
  }
}

function hkdfOf({ memory, prepareSalt, derive }: HkdfKernel): ShortHkdf {
  const bytes = new Uint8Array(memory.buffer)
  let saltLength = NONE

  /** In a round, all derivations have the same salt. It is not secret, so it may stay in memory. */
  function setSalt(salt: Uint8Array, length: number): void {
    let difference = saltLength ^ length
    for (let i = 0; i < length; i++) difference |= salt[i]! ^ bytes[SALT + i]!
    if (difference === 0) return
    // Until all of this is done: it can fail in the middle, because the stack overflows.
    saltLength = NONE
    bytes.fill(0, SALT, SALT + LONGEST_SALT)
    bytes.set(salt, SALT)
    prepareSalt()
    saltLength = length
  }

  return (secret, salt, info, length) => {
    // Read once, before anything is written: a subclass can have a getter, which can derive another key here.
    const ofSecret = secret.length
    const ofSalt = salt.length
    const ofInfo = info.length
    if (ofSalt > LONGEST_SALT || ofSecret > LONGEST_SECRET || ofInfo > LONGEST_INFO) return undefined
    try {
      setSalt(salt, ofSalt)
      bytes.set(secret, SECRET)
      bytes.set(info, INFO)
      derive(ofSecret, ofInfo, length > 32 ? 2 : 1)
      return bytes.slice(DERIVED, DERIVED + length)
    } finally {
      bytes.fill(0, SECRETS, END)
    }
  }
}

/** RFC 5869, appendix A.1. */
function givesKnownAnswer(hkdf: ShortHkdf): boolean {
  const [secret, salt, info, expected] = [
    '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
    '000102030405060708090a0b0c',
    'f0f1f2f3f4f5f6f7f8f9',
    '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  ].map(hexToBytes) as [Bytes, Bytes, Bytes, Bytes]
  const derived = hkdf(secret, salt, info, expected.length)
  return derived !== undefined && equalBytes(derived, expected)
}

/**
 * The WebAssembly binary of hkdf.wat in hexadecimal digits. To compile it again after a change, run:
 *   UPDATE_KERNEL=1 npx vitest run --project node test/crypto/hkdf-kernel
 */
export const HKDF_HEX: string =
  '0061736d0100000001180560017f0060027f7f0060017b017b60037f7f7f00600000030a09000102010101030403050401010101' +
  '072103066d656d6f727902000b7072657061726553616c7400070664657269766500080aed0c09c90803027f067b087f2000fd00' +
  '0400210320032003fd0d03020100070605040b0a09080f0e0d0c210341800320034100fd000400fdae01fd0b04002000fd000410' +
  '210420042004fd0d03020100070605040b0a09080f0e0d0c210441900320044110fd000400fdae01fd0b04002000fd0004202105' +
  '20052005fd0d03020100070605040b0a09080f0e0d0c210541a00320054120fd000400fdae01fd0b04002000fd00043021062006' +
  '2006fd0d03020100070605040b0a09080f0e0d0c210641b00320064130fd000400fdae01fd0b0400034020032004fd0d04050607' +
  '08090a0b0c0d0e0f101112132107200320052006fd0d0405060708090a0b0c0d0e0f10111213fdae0120074107fdad0120074119' +
  'fdab01fd5020074112fdad012007410efdab01fd50fd5120074103fdad01fd51fdae01210320062008fd0d08090a0b0c0d0e0f10' +
  '111213141516172107200320074111fdad012007410ffdab01fd5020074113fdad012007410dfdab01fd50fd512007410afdad01' +
  'fd51fdae01210320032008fd0d101112131415161700010203040506072107200320074111fdad012007410ffdab01fd50200741' +
  '13fdad012007410dfdab01fd50fd512007410afdad01fd51fdae012107200120072001fd000440fdae01fd0b04c0032004210320' +
  '0521042006210520072106200141106a220141c001490d000b4180052802002109418405280200210a418805280200210b418c05' +
  '280200210c419005280200210d419405280200210e419805280200210f419c05280200211041002101034020102001280280036a' +
  '200d410678200d410b7873200d41197873200f200d200e200f7371736a6a2110200c20106a210c201020094102782009410d7873' +
  '2009411678732009200a200b7371200a200b71736a6a2110200f2001280284036a200c410678200c410b7873200c41197873200e' +
  '200c200d200e7371736a6a210f200b200f6a210b200f20104102782010410d787320104116787320102009200a73712009200a71' +
  '736a6a210f200e2001280288036a200b410678200b410b7873200b41197873200d200b200c200d7371736a6a210e200a200e6a21' +
  '0a200e200f410278200f410d7873200f41167873200f2010200973712010200971736a6a210e200d200128028c036a200a410678' +
  '200a410b7873200a41197873200c200a200b200c7371736a6a210d2009200d6a2109200d200e410278200e410d7873200e411678' +
  '73200e200f20107371200f201071736a6a210d20092102200d21092002210d200a2102200e210a2002210e200b2102200f210b20' +
  '02210f200c21022010210c20022110200141106a2201418002490d000b41800541800528020020096a3602004184054184052802' +
  '00200a6a360200418805418805280200200b6a360200418c05418c05280200200c6a360200419005419005280200200d6a360200' +
  '419405419405280200200e6a360200419805419805280200200f6a360200419c05419c0528020020106a3602000b900101027f20' +
  '0020016a21022000200141c8006a4140716a210320024180013a00000340200241016a220241003a00002002200341036b490d00' +
  '0b200141c0006a4103742101200341026b20014108763a0000200341016b20013a0000034020001000200041c0006a2200200349' +
  '0d000b41e005418005fd0004001002fd0b040041f005419005fd0004001002fd0b04000b180020002000fd0d0302010007060504' +
  '0b0a09080f0e0d0c0b1a0020012000fd000400fd0b040020012000fd000410fd0b04100b8f0101017f0340200220022802a00520' +
  '00733602a005200241046a220241c000490d000b41800541e7cca7d0063602004184054185dd9edb7b36020041880541f2e6bbe3' +
  '03360200418c0541baeabfaa7a36020041900541ffa4b98805360200419405418cd195d87936020041980541abb38ffc01360200' +
  '419c0541999a83df0536020041a0051000418005200110030b2a00200041a0051003200041206a41c005100341b6ecd8b1032001' +
  '100441ead4a9d306200141206a10040b200020004180051003200120021001200041206a418005100341e005412010010b0a0041' +
  '800241c00210050b7201017b41c00241a007200010064180062003fd0b04004190062003fd0b040041e00541a006100520014101' +
  '3a00800941a006418009200141016a100641e00541e00610032002410246044041e00541e0081003200141023a00800941a00641' +
  'e008200141216a100641e00541800710030b0b0b8702010041000b8002982f8a4291443771cffbc0b5a5dbb5e95bc25639f111f1' +
  '59a4823f92d55e1cab98aa07d8015b8312be853124c37d0c55745dbe72feb1de80a706dc9b74f19bc1c1699be48647beefc69dc1' +
  '0fcca10c246f2ce92daa84744adca9b05cda88f97652513e986dc631a8c82703b0c77f59bff30be0c64791a7d55163ca06672929' +
  '14850ab72738211b2efc6d2c4d130d385354730a65bb0a6a762ec9c281852c7292a1e8bfa24b661aa8708b4bc2a3516cc719e892' +
  'd1240699d685350ef470a06a1016c1a419086c371e4c774827b5bcb034b30c1c394aaad84e4fca9c5bf36f2e68ee828f746f63a5' +
  '781478c8840802c78cfaffbe90eb6c50a4f7a3f9bef27871c6'

/** Made once for all providers, because engines reserve gigabytes of addresses for each memory. */
export const shortHkdf: ShortHkdf | undefined = createHkdf()
