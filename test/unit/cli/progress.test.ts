import { PassThrough } from "node:stream"
import { expect, test } from "vitest"
import { Progress } from "../../../src/cli/progress.ts"
import { Steps } from "../../../src/cli/steps.ts"

/** What is said while something takes its time: one line that changes on a terminal, few lines elsewhere, nothing with --quiet. */
function hear(terminal: boolean) {
  const err = new PassThrough()
  const streams = { out: err, err, outIsTerminal: terminal, errIsTerminal: terminal }
  return { streams, said: () => String(err.read() ?? "") }
}

test.each([
  [true, "\rcopied: 10.0 MiB of 40.0 MiB, 2.1 MB/s, 15s left\x1b[K"],
  [false, ""],
])("how far a copy is, its rate and the time left: terminal %s", (terminal, expected) => {
  let now = 0
  const { streams, said } = hear(terminal)
  const progress = new Progress(streams, "copied", false, () => now)
  progress.expect(40 * 2 ** 20)
  now = 5000
  progress.add({ bytes: 10 * 2 ** 20 })
  expect(said()).toBe(expected)
})

test("what was there before counts as done, not as fast", () => {
  let now = 0
  const { streams, said } = hear(false)
  const progress = new Progress(streams, "copied", false, () => now)
  progress.expect(40 * 2 ** 20)
  progress.skip(20 * 2 ** 20)
  now = 20_000
  progress.add({ bytes: 10 * 2 ** 20 })
  expect(said()).toBe("copied: 30.0 MiB of 40.0 MiB, 0.5 MB/s, 20s left\n")
})

const pending = "[   0 s] Pending"
const ready = "[   0 s] Ready"

test.each([
  [true, `\r${pending}\x1b[K\r${pending}\x1b[K\n\r${ready}\x1b[K\n`],
  [false, `${pending}\n${ready}\n`],
])("each step once; on a terminal how long it takes: terminal %s", (terminal, expected) => {
  const { streams, said } = hear(terminal)
  const steps = new Steps(streams, false)
  for (const step of ["Pending", "Pending", "Ready"]) steps.at(step)
  steps.end()
  expect(said()).toBe(expected)
})

test("--quiet says nothing", () => {
  const { streams, said } = hear(true)
  const steps = new Steps(streams, true)
  const progress = new Progress(streams, "copied", true)
  steps.at("Pending")
  progress.say("waiting")
  progress.done()
  steps.end()
  expect(said()).toBe("")
})
