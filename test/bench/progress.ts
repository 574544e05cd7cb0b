/** A line for whoever watches, with the seconds since the process was started. */
export function progress(words: string): void {
  console.error(`${(performance.now() / 1000).toFixed(0).padStart(5)} s  ${words}`)
}
