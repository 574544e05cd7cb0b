import { inspect } from "node:util"
import { expect, test } from "vitest"
import { RecoveryError } from "../../../src/api/reasons.ts"
import { createLog } from "../../../src/observability/log.ts"
import { Sensitive } from "../../../src/observability/sensitive.ts"

function logged(write: (log: ReturnType<typeof createLog>) => void): {
  text: string
  lines: Record<string, unknown>[]
} {
  let text = ""
  write(createLog("info", { pod: "p" }, { write: (line) => (text += line) }))
  const lines = text.split("\n").filter(Boolean)
  return { text, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

test("one JSON object per line: level by name, ISO time, fields", () => {
  const { lines } = logged((log) => {
    log.info({ session: "shop/orders" }, "mounted")
    log.debug("not at this level")
  })
  expect(lines).toEqual([
    { level: "info", time: expect.stringMatching(/^\d{4}-.*Z$/), pod: "p", session: "shop/orders", msg: "mounted" },
  ])
})

test("a secret in a Sensitive is never printed, whatever prints it", () => {
  const secret = new Sensitive("hunter2")
  const { text } = logged((log) => {
    log.info({ secret, deep: { list: [secret] } }, `said ${String(secret)} %s %o`, secret, secret)
    log.error({ err: new Error(`with ${String(secret)}`, { cause: secret }) })
  })
  const printed = [text, inspect({ secret }, { showHidden: true, depth: 5 }), JSON.stringify(secret)]
  for (const one of printed) {
    expect(one).not.toContain("hunter2")
    expect(one).toContain("[redacted]")
  }
  expect(secret.reveal()).toBe("hunter2")
})

test("bytes are counted, not printed", () => {
  const { lines } = logged((log) => log.info({ key: Buffer.from("hunter2"), n: 1 }, "read"))
  expect(lines).toMatchObject([{ key: "[7 bytes]", n: 1 }])
})

test("an error has name, code, status and its causes' words, and nothing else that hangs on it", () => {
  const error = Object.assign(new Error("outer", { cause: new Error("inner") }), {
    code: "EX",
    status: 403,
    options: { key: "hunter2" },
  })
  const { text, lines } = logged((log) => log.warn({ err: error }, "failed"))
  expect(lines).toMatchObject([
    { err: { name: "Error", message: "outer", code: "EX", status: 403, causes: ["inner"] } },
  ])
  expect(text).not.toContain("hunter2")
})

test("a stack only for what nobody foresaw", () => {
  const { lines } = logged((log) => {
    log.warn({ err: new RecoveryError("QuotaExceeded", "full") })
    log.warn({ err: new TypeError("x is undefined") })
  })
  expect(lines[0]).not.toHaveProperty("err.stack")
  expect(lines).toMatchObject([
    { err: { code: "QuotaExceeded" } },
    { err: { stack: expect.stringContaining("log.test.ts") } },
  ])
})

test("a ring of causes, and what isn't an error", () => {
  const ring = new Error("ring")
  ring.cause = ring
  const { lines } = logged((log) => {
    log.warn({ err: ring })
    log.warn({ err: "words" })
  })
  expect(lines).toMatchObject([
    { err: { causes: Array.from({ length: 5 }, () => "ring") } },
    { err: { name: "string", message: "words" } },
  ])
})
