import { cpus } from 'node:os'
import { setTimeout } from 'node:timers/promises'

/** How long the processors are watched, in milliseconds. */
const WATCHED = 3000

/** Whether other processes use more than a tenth of the processors. */
export async function isMachineBusy(): Promise<boolean> {
  const before = timesOfProcessors()
  await setTimeout(WATCHED)
  const after = timesOfProcessors()
  return (after.idle - before.idle) / (after.all - before.all) < 0.9
}

function timesOfProcessors(): { readonly all: number; readonly idle: number } {
  let [all, idle] = [0, 0]
  for (const { times } of cpus()) {
    idle += times.idle
    all += times.user + times.nice + times.sys + times.idle + times.irq
  }
  return { all, idle }
}
