// The program of fetched.ts, with the kernels as a module that the runtime has compiled.
import kernels from 'secagg/kernels.wasm'
import { installKernels } from 'secagg/vector'
import { handlerOf } from './handler.js'

installKernels(kernels)

export default handlerOf('wasm')
