// The program for engines of React Native, which evaluate a script.
import { runProgram } from './program.js'

declare const print: (line: string) => void

runProgram().then(
  (report) => print(JSON.stringify(report)),
  (error: unknown) => print(String(error)),
)
