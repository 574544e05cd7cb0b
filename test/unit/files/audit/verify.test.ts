import * as fc from "fast-check"
import { expect, test } from "vitest"
import { lineOf, seal } from "../../../../src/files/audit/chain.ts"
import { type AuditRecord, auditRecordSchema } from "../../../../src/files/audit/record.ts"
import { AuditTrail } from "../../../../src/files/audit/trail.ts"
import { verifyAudit } from "../../../../src/files/audit/verify.ts"

const session = "5f0c3a52-7d5e-4a5e-9f4e-000000000001"

/** A chain of a start, some reads and an end, as lines. */
function linesOf(reads = 5): string[] {
  const lines: string[] = []
  const trail = new AuditTrail({ session, write: (line) => void lines.push(line) })
  const read = { event: "Read", via: "https", who: "password:recover", client: "10.0.0.7:4711", outcome: "Ok" } as const
  for (let index = 0; index < reads; index++)
    trail.record({ ...read, volume: "data", path: [`/f${index}`], bytes: index })
  trail.stop()
  return lines
}

const lines = linesOf()
const last = lines.length - 1
const without = (index: number) => lines.toSpliced(index, 1)
const swapped = (index: number) => lines.toSpliced(index, 2, lines[index + 1] ?? "", lines[index] ?? "")
const changed = (index: number, from: string | RegExp, to: string) =>
  lines.with(index, (lines[index] ?? "").replace(from, to))

/** The record with another content and a hash of its own that fits. */
function forged(index: number): string[] {
  const { hash: _, ...record } = auditRecordSchema.parse(JSON.parse(lines[index] ?? ""))
  return lines.with(index, lineOf(seal({ ...record, path: ["/other"] })))
}

test("a chain that nobody touched is intact, among other lines of a log", () => {
  const verdict = verifyAudit(["not json", '{"level":"info"}', "[1]", "null", ...lines])
  expect(verdict).toMatchObject({ intact: true, faults: [] })
  expect(verdict.chains).toEqual([expect.objectContaining({ session, records: 7, stopped: true })])
})

test.each<[string, string[], number]>([
  ["a removed line", without(3), 4],
  ["the first line removed", without(0), 1],
  ["two neighbours swapped", swapped(2), 3],
  ["a line told twice", lines.toSpliced(2, 0, lines[2] ?? ""), 4],
  ["a changed path", changed(3, "/f2", "/f9"), 4],
  ["a changed outcome", changed(3, '"Ok"', '"Busy"'), 4],
  ["a field taken away", changed(3, '"who":"password:recover",', ""), 4],
  ["a changed line whose hash was made to fit", forged(3), 5],
  ["a line that is no record any more", changed(3, '"seq":4', '"seq":"four"'), 4],
  ["a line that is nothing any more", changed(3, "{", "["), 5],
  ["another session's UID", lines.map((line) => line.replace(session, session.replace("1", "2"))), 1],
  ["something behind the end", [...lines, changed(last, '"seq":7', '"seq":8')[last] ?? ""], 8],
])("%s is found", (_, tampered, line) => {
  const { intact, faults } = verifyAudit(tampered)
  expect(intact).toBe(false)
  expect(faults.map((fault) => fault.line)).toContain(line)
})

test("lines cut off at the end show in what the chain says of itself", () => {
  const [whole] = verifyAudit(lines).chains
  const [cut] = verifyAudit(lines.slice(0, -1)).chains
  expect(cut).toMatchObject({ stopped: false, records: 6 })
  expect(cut?.head).not.toBe(whole?.head)
})

test("only the newest records: told to be partial they are intact", () => {
  expect(verifyAudit(lines.slice(3))).toMatchObject({ intact: false })
  expect(verifyAudit(lines.slice(3), { partial: true })).toMatchObject({ intact: true })
})

test("chains of several lives may be mixed", () => {
  const other = linesOf()
  const mixed = lines.flatMap((line, index) => [line, other[index] ?? ""])
  expect(verifyAudit(mixed)).toMatchObject({ intact: true, chains: [{ records: 7 }, { records: 7 }] })
})

test("what a log collector does to a line doesn't matter", () => {
  const collected = lines.map((line) => {
    const fields = Object.entries(JSON.parse(line) as object).toReversed()
    return JSON.stringify({ kubernetes: { pod: "x" }, ...Object.fromEntries(fields) })
  })
  expect(verifyAudit(collected)).toMatchObject({ intact: true })
})

test("no change of one character in the text of a record goes unseen", () => {
  fc.assert(
    fc.property(fc.nat(last), fc.nat(10_000), fc.constantFrom("0", "9", "a", "f", "/", "x"), (index, at, character) => {
      const line = lines[index] ?? ""
      const place = at % line.length
      const other = line.slice(0, place) + character + line.slice(place + 1)
      fc.pre(JSON.stringify(parsed(other)) !== JSON.stringify(parsed(line)))
      expect(verifyAudit(lines.with(index, other)).intact && index < last).toBe(false)
    }),
  )
})

function parsed(line: string): AuditRecord | undefined {
  try {
    return auditRecordSchema.safeParse(JSON.parse(line)).data
  } catch {
    return undefined
  }
}

test("of a trail only the newest lines are kept", () => {
  const written: string[] = []
  const trail = new AuditTrail({ session, keep: 2000, write: (line) => void written.push(line) })
  for (let index = 0; index < 100; index++) trail.record({ event: "Volumes", via: "https", outcome: "Ok" })
  expect(trail.lines.join("").length).toBeLessThanOrEqual(2000)
  expect(trail.lines).toEqual(written.slice(-trail.lines.length))
  expect(JSON.parse(written.at(-1) ?? "")).toMatchObject({ hash: trail.head, seq: 101 })
})
