// The program of fetched.ts, with the kernels as a module that the runtime has compiled.
import kernels from 'secagg/kernels.wasm'
import { installKernels } from 'secagg/vector'
import { type Handler, handlerOf } from './handler.js'

installKernels(kernels)

const handler: Handler = handlerOf('wasm')

export default handler
