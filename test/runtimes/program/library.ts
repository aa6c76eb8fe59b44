// The program for hosts that evaluate a script or a module, and call it.
export { maskOnce, runProgram } from './program.js'
