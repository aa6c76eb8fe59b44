import { runProgram } from './program.js'

// biome-ignore lint/suspicious/noConsole: some runtimes have no other way to say something
console.log(JSON.stringify(await runProgram()))
