import { expect, test } from "vitest"
import { run } from "../../support/run.ts"

const module = new URL("../../../src/pod/signals.ts", import.meta.url).href

test("a signal that came before anybody listened is told to whoever listens then", async () => {
  const script = `
    const { onTermination } = await import(${JSON.stringify(module)})
    setTimeout(() => process.exit(2), 5000) // a handler alone keeps no process alive
    const came = new Promise((resolve) => process.once("SIGTERM", resolve))
    process.kill(process.pid, "SIGTERM")
    await came
    onTermination((signal) => process.exit(signal === "SIGTERM" ? 42 : 1))`
  const { code } = await run(process.execPath, ["--input-type=module", "-e", script], { accept: undefined })
  expect(code).toBe(42)
})
