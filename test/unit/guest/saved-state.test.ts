import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { dropState, findState, keepState, openFolder } from "../../../src/guest/saved/folder.ts"
import { readStateParts, stateKey } from "../../../src/guest/saved/key.ts"
import { mayUseState } from "../../../src/guest/saved/safe.ts"

let dir: string
let folder: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-states-"))
  folder = join(dir, "states")
})
afterEach(() => rm(dir, { recursive: true }))

const never = new AbortController().signal
const whole = async () => undefined
const keep = (key: string, text: string, complete = whole) =>
  keepState({ folder, key, state: Readable.from([Buffer.from(text)]), complete, signal: never })

async function content(key: string): Promise<string | undefined> {
  await using file = await findState(folder, key)
  return file?.readFile("utf8")
}

test.each([
  ["an emulated guest", { boot: "saved", accel: "tcg", keys: 0 }, true],
  ["a guest that is to boot", { boot: "cold", accel: "tcg", keys: 0 }, false],
  ["a guest that may use KVM", { boot: "saved", accel: "kvm", keys: 0 }, false],
  ["a guest that will hold a key", { boot: "saved", accel: "tcg", keys: 1 }, false],
] as const)("%s goes on from a saved state: %s", (_, wish, expected) => expect(mayUseState(wish)).toBe(expected))

describe("the key of a state", () => {
  const parts = { args: ["-m", "512M"], files: ["/usr/bin/qemu:1:2", "/a/vmlinux:1:3"], bootId: "b1" }

  test.each([
    ["an argument of QEMU", { ...parts, args: ["-m", "256M"] }],
    ["one file", { ...parts, files: ["/usr/bin/qemu:1:2", "/a/vmlinux:1:4"] }],
    ["the order of arguments", { ...parts, args: ["512M", "-m"] }],
    ["the boot of the host", { ...parts, bootId: "b2" }],
  ])("is another when %s is", (_, other) => {
    expect(stateKey(other)).not.toBe(stateKey(parts))
    expect(stateKey({ ...parts })).toBe(stateKey(parts))
  })

  test("is another when a file was replaced by one of the same size", async () => {
    const kernel = join(dir, "vmlinux")
    const key = async () => stateKey(await readStateParts("sh", [], [kernel]))
    await writeFile(kernel, "one")
    const before = await key()
    expect(await key()).toBe(before)
    await writeFile(`${kernel}.new`, "two")
    await rename(`${kernel}.new`, kernel)
    expect(await key()).not.toBe(before)
  })

  test("there is none without the program or a file", async () => {
    await expect(readStateParts("no-such-program", [], [])).rejects.toThrow("no-such-program is not in PATH")
    await expect(readStateParts("sh", [], ["/nosuch"])).rejects.toThrow("/nosuch")
  })
})

describe("the folder of states", () => {
  test("gives what was kept, until it is dropped", async () => {
    await openFolder(folder)
    expect(await content("a")).toBeUndefined()
    await keep("a", "state")
    expect(await content("a")).toBe("state")
    await dropState(folder, "a")
    await dropState(folder, "a")
    expect(await content("a")).toBeUndefined()
  })

  test("keeps nothing of a state that didn't become whole", async () => {
    await openFolder(folder)
    const failing = keep("a", "half", () => Promise.reject(new Error("migration failed")))
    await expect(failing).rejects.toThrow("migration failed")
    const state = Readable.from([Buffer.alloc(3), Buffer.alloc(3)])
    const huge = keepState({ folder, key: "b", state, complete: whole, signal: never, maxBytes: 5 })
    await expect(huge).rejects.toThrow("more than 5 bytes")
    const silent = new Readable({ read: () => undefined })
    const given = keepState({ folder, key: "c", state: silent, complete: whole, signal: AbortSignal.abort() })
    await expect(given).rejects.toThrow("aborted")
    expect(await readdir(folder)).toEqual([])
  })

  test("keeps the three that were used last, and nothing that was left half written", async () => {
    await openFolder(folder)
    for (const [name, hours] of Object.entries({ a: 5, b: 4, c: 3, "d.left": 2, "e.writing": 0 })) {
      await writeFile(join(folder, name), name, { mode: 0o600 })
      const when = new Date(Date.now() - hours * 3_600_000)
      await utimes(join(folder, name), when, when)
    }
    expect(await content("a")).toBe("a")
    await keep("f", "f")
    expect((await readdir(folder)).sort()).toEqual(["a", "c", "e.writing", "f"])
  })

  test("has a state read to its end that is dropped or replaced meanwhile", async () => {
    await openFolder(folder)
    await keep("a", "first")
    await using file = await findState(folder, "a")
    await keep("a", "second")
    expect(await file?.readFile("utf8")).toBe("first")
    expect(await readFile(join(folder, "a"), "utf8")).toBe("second")
  })

  test.each([
    ["others could write to", () => chmod(join(folder, "a"), 0o620)],
    ["others could read", () => chmod(join(folder, "a"), 0o604)],
    [
      "is a link",
      () => rename(join(folder, "a"), join(dir, "a")).then(() => symlink(join(dir, "a"), join(folder, "a"))),
    ],
  ])("doesn't give a state that %s", async (_, change) => {
    await openFolder(folder)
    await keep("a", "state")
    await change()
    expect(await content("a")).toBeUndefined()
  })

  test("is not used when others could write to it, or when it is a link", async () => {
    await mkdir(folder)
    await chmod(folder, 0o777)
    await expect(openFolder(folder)).rejects.toThrow("not a folder of this user's")
    await rename(folder, join(dir, "else"))
    await chmod(join(dir, "else"), 0o700)
    await symlink(join(dir, "else"), folder)
    await expect(openFolder(folder)).rejects.toThrow("not a folder of this user's")
  })
})
