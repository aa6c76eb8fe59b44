/** What the program saw on a runtime. It is JSON. */
export interface Report {
  /** Whether each round gave the right sum, or why not, by model and suite. */
  readonly rounds: { readonly [round: string]: true | string }
  /** Whether the drivers run a round over message ports, or why not. */
  readonly ports: true | 'missing' | string
  /** Questions about valid and invalid keys, signatures and messages, and how many answers differ from those of other platforms. */
  readonly conformance: {
    readonly questions: number
    readonly wrong: number
    readonly examples: readonly string[]
    /** A digest of the answers of the provider in TypeScript: an engine that computes something else would agree with itself. */
    readonly answers: string
  }
  /** The name of the provider that the library chose for each suite. */
  readonly provider: { readonly aes: string; readonly chacha: string }
  /** The suite that `fastestSuite` measures as faster. */
  readonly fastest: string
  /** Whether the inner loops can run in WebAssembly with SIMD. */
  readonly kernels: 'wasm' | 'typescript'
  /** How many of the two requested threads run, and whether they mask correctly. */
  readonly threads: { readonly count: number; readonly agree: boolean; readonly failure?: string }
  /** The time of a mask of 2^20 elements of 32 bits, in milliseconds. It is missing if the clock of the runtime stands still. */
  readonly milliseconds?: { readonly aes: number; readonly chacha: number }
}
