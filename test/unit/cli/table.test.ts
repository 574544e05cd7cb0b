import { expect, test } from "vitest"
import { parse } from "yaml"
import { humanBytes } from "../../../src/api/bytes.ts"
import { RecoveryError } from "../../../src/api/reasons.ts"
import type { FileRecoverySession } from "../../../src/api/session.ts"
import { exitCodeOf } from "../../../src/cli/exit-code.ts"
import { structured } from "../../../src/cli/output.ts"
import { complaint, printable } from "../../../src/cli/printable.ts"
import { sourceVerified, standing } from "../../../src/cli/session-words.ts"
import { humanAge, table } from "../../../src/cli/table.ts"
import { volumeTable } from "../../../src/cli/volume-table.ts"
import { permissions } from "../../../src/files/permissions.ts"

test("columns are as wide as their widest cell", () => {
  expect(
    table(
      ["A", "LAST"],
      [
        ["long cell", "x"],
        ["ä", "yy"],
      ],
    ),
  ).toBe("A          LAST\nlong cell  x\nä          yy\n")
})

test.each([
  [0, "0 B"],
  [1023, "1023 B"],
  [1536, "1.5 KiB"],
  [256 * 2 ** 20, "256 MiB"],
  [5 * 2 ** 40, "5.0 TiB"],
])("%i bytes are %s", (bytes, text) => expect(humanBytes(bytes)).toBe(text))

test.each([
  [-5, "0s"],
  [119_000, "119s"],
  [120_000, "2m"],
  [7_200_000, "2h"],
  [3 * 86_400_000, "3d"],
])("%i ms are %s", (ms, text) => expect(humanAge(ms)).toBe(text))

test.each([
  [0o644, "rw-r--r--"],
  [0o4755, "rwsr-xr-x"],
  [0o6644, "rwSr-Sr--"],
  [0o1777, "rwxrwxrwt"],
  [0o1776, "rwxrwxrwT"],
])("mode %i is %s", (mode, text) => expect(permissions(mode)).toBe(text))

test("which system is on a volume, and where it was mounted, where something is known of it", () => {
  const volume = { path: "a", state: "Mounted", stack: ["disk a"] }
  expect(volumeTable([volume])).toBe(
    "VOLUME  STATE    FILESYSTEM  LABEL  SIZE  USED  ON\n/a      Mounted  -           -      -     -     disk a\n",
  )
  const system = { os: "Debian GNU/Linux", version: "12", hostName: "web\x1b[2J" }
  const told = volumeTable([{ ...volume, mountPoint: "/srv", system }, volume])
  expect(told.split("\n").slice(0, 2)).toEqual([
    "VOLUME  STATE    FILESYSTEM  LABEL  SIZE  USED  MOUNTED AT  SYSTEM                           ON",
    "/a      Mounted  -           -      -     -     /srv        Debian GNU/Linux 12, web\\x1b[2J  disk a",
  ])
})

test("why a volume can't be read, or not in full, stands below the table", () => {
  const told = volumeTable([
    { path: "a", state: "Locked", message: "Encrypted with LUKS. No key was given." },
    { path: "b", state: "Mounted" },
    { path: "c", state: "Mounted", journal: "Skipped" },
    { path: "d", state: "Mounted", journal: "Skipped", message: "Windows was hibernated." },
  ])
  expect(told.split("\n").slice(5)).toEqual([
    "",
    "/a: Encrypted with LUKS. No key was given.",
    "/c: Its journal was skipped.",
    "/d: Windows was hibernated. Its journal was skipped.",
    "",
  ])
})

test("text from a disk can't play with the terminal", () => {
  expect(printable("ok\x1b]0;evil\x07 C:\\dir")).toBe("ok\\x1b]0;evil\\x07 C:\\dir")
  const row = { path: "v", label: "\x1b[2J", sizeBytes: 1024, state: "Corrupt", message: "bad\nmagic" }
  expect(volumeTable([row])).toContain("\\x1b[2J")
  expect(volumeTable([row]).split("\n")).toHaveLength(5)
})

test("what could not be listed is named without playing with the terminal", () => {
  const evil = Buffer.from("/a\x1b[2J\nb")
  expect(complaint(evil, "bad \x9b5n")).toBe("/a\\x1b[2J\\x0ab: bad \\xc2\\x9b5n\n")
})

const evil = { "a\u009b2J": ["\u202eexe.txt", "\x7f\x1b[2J", "\u2028", "\u{e0001}", "plain: - ü 😀"] }

test.each([
  ["json", (text: string): unknown => JSON.parse(text)],
  ["yaml", (text: string): unknown => parse(text)],
] as const)("all of a value as %s can't either, and stays exact", (format, read) => {
  const text = structured(format, evil)
  expect(text).not.toMatch(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/u)
  expect(read(text)).toEqual(evil)
})

test("a session's standing is one line", () => {
  const condition = { type: "Accepted", status: "False", reason: "A\x1b[2J", message: "b\nc" }
  const session = {
    metadata: {},
    status: { phase: "Failed", conditions: [condition] },
  } as unknown as FileRecoverySession
  expect(standing(session)).toBe("Failed: A\\x1b[2J: b\\x0ac")
})

const told = (type: string, status: string, message: string) => ({ type, status, reason: "R", message })
const inPhase = (phase: string, ...conditions: object[]) =>
  ({ metadata: {}, status: { phase, conditions } }) as unknown as FileRecoverySession

test.each([
  ["Provisioning", "Provisioning: R: 40% of 12 GiB"],
  ["Unmounting", "Unmounting: R: waits for pod x"],
  ["Failed", "Failed: R: the disk was changed"],
  ["Ready", "Ready"],
])("a session that is %s stands at what says most", (phase, expected) => {
  const serving = told("TargetServing", "False", "40% of 12 GiB")
  const released = told("Released", "False", "waits for pod x")
  const stalled = told("Stalled", "True", "the disk was changed")
  expect(standing(inPhase(phase, serving, released, stalled))).toBe(expected)
})

test.each([
  ["True", "the same", "true: the same"],
  ["False", "another\n", "false: another\\x0a"],
])("what verifying came to is told: %s", (status, message, expected) =>
  expect(sourceVerified(inPhase("Unmounted", told("SourceVerified", status, message)))).toBe(expected),
)

test("a session that was not verified says nothing of it", () =>
  expect(sourceVerified(inPhase("Unmounted"))).toBeUndefined())

test("a session that waits for a place says so, and where it stands", () => {
  const message = "20 sessions are in progress in namespace shop; this one is 3rd of 7 that wait."
  const condition = { status: "False", reason: "Queued", message }
  const conditions = ["Accepted", "Ready"].map((type) => ({ ...condition, type }))
  const session = { metadata: {}, status: { phase: "Pending", conditions } } as unknown as FileRecoverySession
  expect(standing(session)).toBe(`Pending: Queued: ${message}`)
})

test.each([
  ["UsageError", 2],
  ["SessionNotFound", 3],
  ["NotReady", 4],
  ["Forbidden", 5],
  ["ConnectionLost", 1],
  ["Interrupted", 130],
] as const)("%s ends with %i", (code, exit) => expect(exitCodeOf(new RecoveryError(code, "x"))).toBe(exit))

test("an error nobody foresaw ends with 1", () => expect(exitCodeOf(new TypeError("x"))).toBe(1))
