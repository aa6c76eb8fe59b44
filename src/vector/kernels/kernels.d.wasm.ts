/**
 * The inner loops as a compiled module, for `installKernels` of `secagg/vector`. Cloudflare Workers and Next.js (with `?module`)
 * import it like this; Node and browsers do not need it.
 */
declare const kernels: object
export default kernels
