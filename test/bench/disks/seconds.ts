/** Does something, and says how many seconds it took. */
export async function secondsOf<T>(work: () => Promise<T>): Promise<{ seconds: number; value: T }> {
  const from = performance.now()
  const value = await work()
  return { seconds: (performance.now() - from) / 1000, value }
}
