/** A bundler, what it makes, and what a program does so that a pool has its threads there. */
export interface Way {
  readonly name: string
  /** The name in builders.mjs. */
  readonly bundler: string
  readonly runs: 'in a page' | 'served' | 'in Node'
  /** What the program does after its import of `show`. */
  readonly program: string
  /** How to get threads; for the table. */
  readonly recipe: string
  /** Whether the worker is an entry of its own, next to the program. */
  readonly withWorker?: boolean
  /** Whether the package stays outside the bundle. */
  readonly external?: boolean
  /** The file to run in Node. Default: `app.js`. */
  readonly file?: string
  /** The most bytes, with gzip, that a bundle with a client alone may have. Measured if the bundler keeps whole modules. */
  readonly mostClientBytes?: number
  /** The threads that a pool has, if not 2. */
  readonly threads?: number
  /** What the bundler says when it refuses, if it must refuse. */
  readonly refusal?: RegExp
}

const PLAIN = 'show()'
const NOTHING = '–'

const INLINE = `import MaskWorker from 'secagg/workers/worker?worker&inline'
show(() => new MaskWorker())`
const RECIPE_INLINE = '`?worker&inline` with `spawn`'

const RECIPE_ENTRY = 'the worker as a second entry'
const RECIPE_NEXT = '`serverExternalPackages`'
const RECIPE_OUTSIDE = 'the package left out of the bundle'

const page = { runs: 'in a page', program: PLAIN } as const
const next = { runs: 'served', program: PLAIN } as const
const server = { runs: 'in Node', program: PLAIN } as const

/** The library that Vite 6 and 7 make names a worker that is not there, so that no application can be made with it. */
const REFUSAL = /Could not resolve entry module .*worker/

/** Next runs a proxy in Node only. */
const NO_EDGE_PROXY = /Proxy does not support Edge runtime/

const vite = (version: 6 | 7 | 8): Way[] => {
  const [name, bundler] = [`Vite ${version}`, `vite-${version}`]
  const app = { bundler: `${bundler} app`, ...page }
  const dev = { bundler: `${bundler} dev`, runs: 'served', program: PLAIN } as const
  const library = { bundler: `${bundler} lib`, ...page }
  const ssr = { bundler: `${bundler} ssr`, ...server }
  return [
    { name: `${name}, app`, ...app, recipe: NOTHING },
    { name: `${name}, app, inline`, ...app, program: INLINE, recipe: RECIPE_INLINE },
    { name: `${name}, dev`, ...dev, recipe: NOTHING, ...(version === 8 ? {} : { threads: 0 }) },
    { name: `${name}, dev, inline`, ...dev, program: INLINE, recipe: RECIPE_INLINE },
    {
      name: `${name}, library`,
      ...library,
      recipe: NOTHING,
      ...(version === 8 ? { threads: 0 } : { refusal: REFUSAL }),
    },
    ...(version === 8
      ? [{ name: `${name}, library, inline`, ...library, program: INLINE, recipe: RECIPE_INLINE }]
      : []),
    { name: `${name}, library, outside`, ...library, recipe: RECIPE_OUTSIDE, external: true },
    { name: `${name}, SSR`, ...ssr, recipe: NOTHING, threads: 0 },
    { name: `${name}, SSR, entry`, ...ssr, recipe: RECIPE_ENTRY, withWorker: true },
  ]
}

export const ways: readonly Way[] = [
  ...['webpack', 'rspack'].flatMap((bundler): Way[] => [
    { name: `${bundler}, page`, bundler, ...page, recipe: NOTHING },
    { name: `${bundler}, server`, bundler, ...server, recipe: NOTHING, file: 'app.mjs', threads: 0 },
    {
      name: `${bundler}, server, outside`,
      bundler,
      ...server,
      recipe: RECIPE_OUTSIDE,
      external: true,
      file: 'app.mjs',
    },
  ]),
  ...['rollup', 'esbuild', 'bun', 'deno'].flatMap((bundler): Way[] => [
    { name: `${bundler}, page`, bundler, ...page, recipe: NOTHING, threads: 0 },
    { name: `${bundler}, page, entry`, bundler, ...page, recipe: RECIPE_ENTRY, withWorker: true },
    { name: `${bundler}, server`, bundler, ...server, recipe: NOTHING, threads: 0 },
    { name: `${bundler}, server, entry`, bundler, ...server, recipe: RECIPE_ENTRY, withWorker: true },
  ]),
  { name: 'parcel, page', bundler: 'parcel', ...page, recipe: '`packageExports`' },
  { name: 'Next, page', bundler: 'next page', ...next, recipe: NOTHING },
  { name: 'Next, route', bundler: 'next route', ...next, recipe: NOTHING, threads: 0 },
  { name: 'Next, route, outside', bundler: 'next route', ...next, recipe: RECIPE_NEXT, external: true },
  { name: 'Next, route, edge', bundler: 'next edge route', ...next, recipe: NOTHING, threads: 0 },
  {
    name: 'Next, route, edge, kernels',
    bundler: 'next edge route with kernels',
    ...next,
    recipe: '`installKernels`',
    threads: 0,
  },
  { name: 'Next, middleware, edge', bundler: 'next middleware', ...next, recipe: NOTHING, threads: 0 },
  { name: 'Next, proxy', bundler: 'next proxy', ...next, recipe: NOTHING, threads: 0 },
  { name: 'Next, proxy, edge', bundler: 'next edge proxy', ...next, recipe: NOTHING, refusal: NO_EDGE_PROXY },
  {
    name: 'metro',
    bundler: 'metro',
    ...server,
    recipe: NOTHING,
    file: 'app.cjs',
    threads: 0,
    mostClientBytes: 90_000,
  },
  ...vite(6),
  ...vite(7),
  ...vite(8),
]
