import { spawn } from "node:child_process"
import { once } from "node:events"
import { createHash } from "node:crypto"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import { extract, type Header } from "tar-stream"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { GuestVolumeReader } from "../../src/guest/guest.ts"
import { plainImages } from "../support/guest/images.ts"
import { startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { filesOf } from "../support/guest/tree.ts"
import { run } from "../support/run.ts"

const { signal } = new AbortController()
let images: string
let vm: TestGuest
let whole: GuestVolumeReader

beforeAll(async () => {
  images = await plainImages()
  const names = ["whole", "gpt", "mbr", "empty", "random", "corrupt", "truncated"]
  vm = await startTestGuest(names.map((name) => join(images, `${name}.img`)))
  whole = await vm.guest.open("whole")
})

afterAll(() => vm.stop())

async function content(path: Buffer | string, reader = whole): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of reader.read(Buffer.from(path), { start: 0, end: 1 << 30, signal })) parts.push(part)
  return Buffer.concat(parts)
}

async function names(directory: string): Promise<string[]> {
  const found: string[] = []
  for await (const page of whole.list(Buffer.from(directory)))
    found.push(...page.map(({ name }) => name.toString("latin1")))
  return found.sort()
}

describe("the catalogue", () => {
  test.each([
    [
      "a file system on the whole disk",
      "whole",
      { filesystem: "ext4", label: "WHOLE", state: "Mounted", stack: ["disk whole"] },
    ],
    [
      "ext4 in a GPT partition",
      "gpt-p1",
      { filesystem: "ext4", state: "Mounted", stack: ["disk gpt", "gpt partition 1"] },
    ],
    [
      "XFS in a GPT partition",
      "gpt-p2",
      { filesystem: "xfs", label: "XFSVOL", state: "Mounted", sizeBytes: 300 << 20 },
    ],
    ["an unformatted partition", "gpt-p3", { kind: "unknown", state: "Unsupported", reason: "VolumeUnsupported" }],
    ["a logical MBR partition", "mbr-p5", { label: "SMALL", state: "Mounted", stack: ["disk mbr", "dos partition 5"] }],
    ["an empty disk", "empty", { kind: "unknown", state: "Unsupported" }],
    ["a disk of random bytes", "random", { kind: "unknown", state: "Unsupported" }],
    [
      "a corrupt file system",
      "corrupt",
      { state: "Corrupt", reason: "VolumeCorrupt", message: expect.stringContaining("EXT4-fs") },
    ],
    [
      "a truncated image",
      "truncated",
      { state: "Corrupt", message: expect.stringContaining("exceeds size of device") },
    ],
  ])("%s", (_, path, expected) => {
    expect(vm.guest.catalogue().volumes.find((volume) => volume.path === path)).toMatchObject(expected)
  })

  test("nothing else is listed, in the order of the disks", () => {
    const paths = vm.guest.catalogue().volumes.map(({ path }) => path)
    expect(paths).toEqual([
      "whole",
      "gpt-p1",
      "gpt-p2",
      "gpt-p3",
      "mbr-p1",
      "mbr-p5",
      "empty",
      "random",
      "corrupt",
      "truncated",
    ])
  })

  test("disks have the sizes of the images", () => {
    const { disks } = vm.guest.catalogue()
    expect(disks.map(({ name, sizeBytes }) => [name, sizeBytes >> 20])).toEqual([
      ["whole", 64],
      ["gpt", 400],
      ["mbr", 64],
      ["empty", 16],
      ["random", 16],
      ["corrupt", 64],
      ["truncated", 20],
    ])
  })

  test("used bytes are those of the file system", () => {
    const used = vm.guest.catalogue().volumes.find(({ path }) => path === "whole")?.usedBytes ?? 0
    expect(used).toBeGreaterThan(24 << 20)
    expect(used).toBeLessThan(40 << 20)
  })

  test("a volume that can't be mounted says why when it is opened", async () => {
    await expect(vm.guest.open("corrupt")).rejects.toMatchObject({
      code: "VolumeCorrupt",
      message: expect.stringContaining("EXT4-fs"),
    })
    await expect(vm.guest.open("nosuch")).rejects.toMatchObject({ code: "PathNotFound" })
  })
})

describe("reading", () => {
  test("odd names are listed and read as bytes", async () => {
    const expected = await filesOf(join(images, "tree/odd"))
    expect(await names("/odd")).toEqual([...expected.keys()].sort())
    for (const [name, bytes] of expected) {
      const path = Buffer.concat([Buffer.from("/odd/"), Buffer.from(name, "latin1")])
      expect({ name, equal: (await content(path)).equals(bytes) }).toEqual({ name, equal: true })
      expect((await whole.lstat(path)).sizeBytes).toBe(bytes.length)
      expect(await vm.guest.sha256("whole", path)).toBe(createHash("sha256").update(bytes).digest("hex"))
    }
  })

  test("a directory comes in pages, complete", async () => {
    expect(await names("/many")).toEqual([...Array(250).keys()].map((index) => `f${index}`).sort())
  })

  test("a big file and ranges of it are equal", async () => {
    const big = await readFile(join(images, "tree/big"))
    expect((await content("/big")).equals(big)).toBe(true)
    for (const [start, end] of [
      [0, 1],
      [1_000_003, 3_000_001],
      [big.length - 5, big.length + 100],
      [big.length, big.length + 1],
    ] as const) {
      const parts: Buffer[] = []
      for await (const part of whole.read(Buffer.from("/big"), { start, end, signal })) parts.push(part)
      expect(Buffer.concat(parts).equals(big.subarray(start, end))).toBe(true)
    }
  })

  test("attributes and links", async () => {
    const empty = { sizeBytes: 0, mtimeNs: 86_400_000_000_000n, mode: 0o100644 }
    expect(await whole.lstat(Buffer.from("/empty"))).toMatchObject(empty)
    expect((await whole.lstat(Buffer.from("/many"))).mode & 0o170000).toBe(0o040000)
    expect((await whole.readlink(Buffer.from("/links/absolute"))).toString()).toBe("/etc/os-release")
  })

  test.each([
    ["a missing file", "/nosuch", "PathNotFound"],
    ["a component that is a file", "/empty/x", "PathNotFound"],
    ["a name of 256 bytes", `/${"n".repeat(256)}`, "PathNotFound"],
    ["a device node", "/links/mem", "AccessDenied"],
    ["a block device node", "/links/disk", "AccessDenied"],
    ["a directory read as a file", "/many", "IsADirectory"],
    ["a pipe nobody writes to", "/links/fifo", "AccessDenied"],
  ])("%s is an error", async (_, path, code) => {
    await expect(content(path)).rejects.toMatchObject({ code })
  })
})

describe("the jail", () => {
  test("an absolute link leads to the volume's own file", async () => {
    expect((await content("/links/absolute")).toString()).toBe("ID=inside\n")
    expect((await whole.stat(Buffer.from("/links/root/links/root/etc/os-release"))).sizeBytes).toBe(10)
  })

  test.each([
    "/links/guest-passwd",
    "/links/up",
    "/links/process",
    "/links/volumes",
    "/links/loop",
    "/../../etc/passwd",
    "/proc/1/environ",
    "/dev/sda",
  ])("%s leads nowhere", async (path) => {
    await expect(whole.stat(Buffer.from(path))).rejects.toMatchObject({ code: "PathNotFound" })
    await expect(content(path)).rejects.toMatchObject({ code: "PathNotFound" })
    await expect(vm.guest.sha256("whole", Buffer.from(path))).rejects.toMatchObject({ code: "PathNotFound" })
  })
})

describe("tar", () => {
  /** Extracts a tar with the machine's tar and looks at the result. */
  async function extracted<T>(path: string, look: (dir: string) => Promise<T>): Promise<T> {
    const dir = await mkdtemp(join(tmpdir(), "frk-tar-"))
    try {
      // tar leaves what stands behind the end of the archive
      const command = `tar -xf - --exclude=links/mem --exclude=links/disk -C ${dir} && cat >/dev/null`
      const tar = spawn("sh", ["-c", command], { stdio: ["pipe", "inherit", "inherit"] })
      const ended = once(tar, "close")
      await pipeline(Readable.from(vm.guest.tar("whole", [Buffer.from(path)], { signal })), tar.stdin)
      expect(await ended).toEqual([0, null])
      return await look(dir)
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }

  test("of a whole volume holds what is in it", async () => {
    const diff = await extracted("/", async (dir) => {
      await rm(join(dir, "lost+found"), { recursive: true })
      await rm(join(dir, "links/fifo"))
      return run("diff", ["-r", "--no-dereference", join(images, "tree"), dir], { accept: [0, 1] })
    })
    expect(diff).toMatchObject({ code: 0, stdout: "" })
  })

  test("of a directory with an odd name holds its files under that name", async () => {
    const inside = await extracted("/-dash dir\n", (dir) => readFile(join(dir, "-dash dir\n/inside"), "utf8"))
    expect(inside).toBe("inside")
  })

  test("keeps owner, mode and attributes of a file nobody may read", async () => {
    const entries = Readable.from(vm.guest.tar("whole", [Buffer.from("/etc/private")], { signal })).pipe(extract())
    const found: Header[] = []
    for await (const entry of entries) {
      found.push(entry.header)
      entry.resume()
    }
    expect(found).toHaveLength(1)
    expect(found[0]).toMatchObject({
      name: "etc/private",
      uid: 12345,
      mode: 0,
      pax: { "SCHILY.xattr.user.comment": "größe", "SCHILY.xattr.trusted.note": "kept" },
    })
    expect((await content("/etc/private")).toString()).toBe("private")
  })

  test("of a missing path ends with an error", async () => {
    const reading = async () => {
      for await (const _ of vm.guest.tar("whole", [Buffer.from("/nosuch")], { signal })) void _
    }
    await expect(reading()).rejects.toMatchObject({ message: expect.stringContaining("nosuch") })
  })
})

describe("sessions", () => {
  const first = async (volume: string, abort = new AbortController()) => {
    for await (const part of vm.guest.tar(volume, [Buffer.from("/")], { signal: abort.signal })) return part.length
    return 0
  }

  test("aborting streams frees their ports", async () => {
    for (let round = 0; round < 12; round++) expect(await first("whole")).toBeGreaterThan(0)
  })

  test("an abort signal ends a stream with its reason", async () => {
    const abort = new AbortController()
    const reading = async () => {
      for await (const part of vm.guest.tar("whole", [Buffer.from("/")], { signal: abort.signal }))
        if (part.length > 0) abort.abort(new Error("enough"))
    }
    await expect(reading()).rejects.toThrow("enough")
  })

  test("more streams than ports wait their turn, and all are served", async () => {
    const sums = await Promise.all(
      Array.from({ length: 20 }, (_, index) => vm.guest.sha256("whole", Buffer.from(`/many/f${index}`))),
    )
    expect(sums).toEqual(
      Array.from({ length: 20 }, (_, index) => createHash("sha256").update(`${index}`).digest("hex")),
    )
  })

  test("stalled readers on all ports but one keep nobody else waiting", async () => {
    const stalled = Array.from({ length: 6 }, () =>
      vm.guest.tar("whole", [Buffer.from("/")], { signal })[Symbol.asyncIterator](),
    )
    await Promise.all(stalled.map((stream) => stream.next()))
    expect((await content("/etc/os-release")).toString()).toBe("ID=inside\n")
    expect(await vm.guest.sha256("gpt-p2", Buffer.from("/os-release"))).toBe(
      createHash("sha256").update("ID=inside\n").digest("hex"),
    )
    for (const stream of stalled) await stream.return?.()
  })

  test("idle readers of many volumes make room", async () => {
    for (const volume of ["whole", "gpt-p1", "gpt-p2", "mbr-p5", "whole", "gpt-p1"]) {
      const readers = await Promise.all([1, 2, 3].map(() => vm.guest.open(volume)))
      await Promise.all(readers.map((reader) => reader.stat(Buffer.from("/"))))
      for (const reader of readers) reader.release()
    }
    expect((await content("/etc/os-release", await vm.guest.open("gpt-p1"))).toString()).toBe("ID=inside\n")
  })
})
