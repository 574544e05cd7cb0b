import { spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import { type CopyLab, copyLab } from "../support/copy-lab.ts"
import { waitFor } from "../support/wait.ts"

/** What a copy's pod makes of what a pod before it has left. */
let lab: CopyLab
beforeEach(async () => {
  lab = await copyLab()
})
afterEach(() => lab[Symbol.asyncDispose]())

const tree = { "tree/a": "one", "tree/b/c": "two", "tree/b/d/e": "three" }

test("a large file goes on where it had come to", async () => {
  const bytes = randomBytes(2 ** 20)
  lab.write(lab.source, { "tree/small": "" })
  writeFileSync(join(lab.source, "tree/large"), bytes)
  const stop = new AbortController()
  const stepBytes = 64 * 1024
  const files = lab.lab.client()
  const content = files.content.bind(files)
  const starts: number[] = []
  files.content = async (place, part, signal) => {
    starts.push(part.start)
    const whole = await content(place, part, signal)
    return { ...whole, body: stopAfter(whole.body, starts.length === 1 ? 2 ** 19 : Infinity, stop) }
  }
  expect(await lab.pull({ files, paths: ["/tree/large"], stepBytes, signal: stop.signal })).toMatchObject({
    reason: "Interrupted",
    files: 0,
  })
  const again = await lab.pull({ files, paths: ["/tree/large"], stepBytes })
  expect(again).toMatchObject({ reason: "Copied", files: 1, bytes: 2 ** 20 })
  expect(starts[0]).toBe(0)
  expect(starts[1]).toBeGreaterThanOrEqual(2 ** 19 - stepBytes)
  expect(readFileSync(join(lab.destination, "large")).equals(bytes)).toBe(true)
  expect(Object.keys(lab.read())).toEqual(["large"])
})

test("what could not be copied, however deep, is told by the next pod as well", async () => {
  lab.write(lab.source, { "tree/x/y/a": "new", "tree/x/b": "", "tree/z/c": "last" })
  lab.write(lab.destination, { "tree/x/y/a": "old" })
  const stop = new AbortController()
  const files = lab.lab.client()
  const page = files.page.bind(files)
  files.page = async (place, cursor) => {
    const found = await page(place, cursor)
    // the directory with the failure first, then the end in the other one
    if (place.components.at(-1)?.toString() === "z") stop.abort()
    return { ...found, entries: found.entries.sort((one, other) => (one.name < other.name ? -1 : 1)) }
  }
  expect(await lab.pull({ files, signal: stop.signal })).toMatchObject({ reason: "Interrupted", failed: 1 })
  expect(await lab.pull()).toMatchObject({ reason: "DestinationExists", files: 2, failed: 1 })
})

test("what a pod before has placed is known again, also where inode numbers don't last", async () => {
  lab.write(lab.source, { "tree/a": "one", "tree/b": "two" })
  const stop = new AbortController()
  const files = lab.lab.client()
  const content = files.content.bind(files)
  const placed = join(lab.destination, "tree/a")
  files.content = async (place, part, signal) => {
    const isFirst = place.components.at(-1)?.toString() === "a"
    if (!isFirst) await waitFor("the other file", async () => existsSync(placed), { seconds: 10 })
    const whole = await content(place, part, signal)
    return { ...whole, body: stopAfter(whole.body, isFirst ? Infinity : 1, stop) }
  }
  await lab.pull({ files, signal: stop.signal })
  expect(Object.keys(lab.read())).toEqual(expect.arrayContaining(["tree/a", ".filerecovery-copy-0123abcd"]))
  spawnSync("sh", ["-c", 'cp -p "$0" "$0.copy" && mv "$0.copy" "$0"', placed])
  expect(await lab.pull()).toMatchObject({ reason: "Copied", files: 2, failed: 0 })
  expect(lab.read()).toEqual({ "tree/": "", "tree/a": "one", "tree/b": "two" })
})

test.each(["Fail", "Skip", "Overwrite", "Rename"] as const)(
  "a pod that follows one which had done all and took its journal along finds the files again, conflict %s",
  async (conflict) => {
    lab.write(lab.source, tree)
    symlinkSync("a", join(lab.source, "tree/link"))
    lab.write(lab.destination, conflict === "Rename" ? { "tree/a": "mine" } : {})
    const first = await lab.pull({ conflict })
    expect(first).toMatchObject({ reason: "Copied", files: 4, skipped: 0 })
    const there = lab.read()
    expect(await lab.pull({ conflict, lostPods: 1 })).toEqual(first)
    expect(lab.read()).toEqual(there)
  },
)

test("what is not equal to the last byte was put there by somebody else", async () => {
  lab.write(lab.source, tree)
  await lab.pull()
  const [one, other] = ["tree/a", "tree/b/c"].map((path) => join(lab.destination, path))
  const { atime, mtime } = statSync(one ?? "")
  lab.write(lab.destination, { "tree/a": "onE" })
  utimesSync(one ?? "", atime, mtime)
  utimesSync(other ?? "", 1, 1)
  const result = await lab.pull({ lostPods: 1 })
  expect(result).toMatchObject({ reason: "DestinationExists", files: 1, failed: 2 })
  expect(result.failures.map(({ path }) => path).sort()).toEqual(["/data/tree/a", "/data/tree/b/c"])
  expect(lab.read()["tree/a"]).toBe("onE")
})

async function* stopAfter(body: AsyncIterable<Buffer>, most: number, stop: AbortController): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    yield chunk
    if (bytes < most) continue
    stop.abort()
    throw new RecoveryError("Interrupted", "Interrupted.")
  }
}
