/** Milliseconds of processor time, all threads of the process together, and of wall time. */
export async function costOf<T>(work: () => Promise<T>): Promise<{ value: T; cost: number; wallMs: number }> {
  const start = performance.now()
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return { value, cost: (user + system) / 1000, wallMs: performance.now() - start }
}
