/**
 * The inner loops as a compiled module, for `installKernels` of `secagg/vector`. Cloudflare Workers import the file like this;
 * Node and browsers do not need it.
 * @public
 */
declare const kernels: object
export default kernels
