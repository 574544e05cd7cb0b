import { pack, type Header } from "tar-stream"
import { expect, test } from "vitest"
import { parsePodPath } from "../../../src/cli/pod/pod-path.ts"
import { safeArchive } from "../../../src/cli/pod/safe-archive.ts"
import { encodeHeader } from "../../../src/cli/pod/tar-writer.ts"
import { endOfArchive } from "../../../src/files/tar/block.ts"
import { readTar } from "../../../src/files/tar/reader.ts"

type Member = Partial<Header> & { name: string }

/** What a container's tar would be given of such an archive, and what was left out. */
async function handedOn(members: Member[], keepSpecial = false) {
  const archive = pack()
  for (const { name, ...header } of members) archive.entry({ name, ...header }, header.type === undefined ? "x" : "")
  archive.finalize()
  const skipped: string[] = []
  const special: string[] = []
  async function* stream() {
    yield* safeArchive(archive as AsyncIterable<Buffer>, {
      as: Buffer.from("copy"),
      from: [Buffer.from("a")],
      keepSpecial,
      skipped: (name, why) => skipped.push(`${name}: ${why}`),
      special: (name) => special.push(name),
      progress: () => undefined,
    })
    yield endOfArchive
  }
  const given: string[] = []
  for await (const { header } of readTar(stream())) {
    const link = header.linkName.length > 0 ? ` -> ${header.linkName.toString()}` : ""
    given.push(`${header.type} ${header.name.toString()}${link} ${header.mode.toString(8)}`)
  }
  return { given, skipped, special }
}

test("names lie below the copy's own, links of the archive lead there as well", async () => {
  const { given, skipped } = await handedOn([
    { name: "a/", type: "directory", mode: 0o755 },
    { name: "a/f", mode: 0o4750 },
    { name: "a/h", type: "link", linkname: "a/f", mode: 0o640 },
    { name: "a/l", type: "symlink", linkname: "/etc/passwd" },
  ])
  expect(skipped).toEqual([])
  expect(given).toEqual([
    "directory copy 755",
    "file copy/f 750",
    "hardlink copy/h -> copy/f 640",
    "symlink copy/l -> /etc/passwd 644",
  ])
})

test.each<[string, Member[], string]>([
  ["a name outside of what was asked for", [{ name: "b/f" }], "outside"],
  ["a way up", [{ name: "a/../../f" }], '".."'],
  ["a hard link to a file of the container", [{ name: "a/h", type: "link", linkname: "etc/shadow" }], "outside"],
  ["a way through a link", [{ name: "a/l", type: "symlink", linkname: "/etc" }, { name: "a/l/cron" }], "symbolic link"],
  [
    "a hard link to a link",
    [
      { name: "a/l", type: "symlink", linkname: "/etc/shadow" },
      { name: "a/h", type: "link", linkname: "a/l" },
    ],
    "symbolic link",
  ],
])("%s is left out", async (_, members, words) => {
  const { given, skipped } = await handedOn(members)
  expect([given.length, skipped]).toEqual([members.length - 1, [expect.stringContaining(words)]])
})

test("devices and fifos are left out, unless they are asked for", async () => {
  const members: Member[] = [{ name: "a/p", type: "fifo" }]
  expect(await handedOn(members)).toMatchObject({ given: [], special: ["a/p"] })
  expect(await handedOn(members, true)).toMatchObject({ given: ["fifo copy/p 644"], special: [] })
})

test.each([
  ["long names and large numbers", "n".repeat(300), "l".repeat(300), 2 ** 40, 3_000_000],
  ["as long as a field", "n".repeat(100), "", 8 ** 11 - 1, 8 ** 7 - 1],
  ["bytes that are no UTF-8", "\xff\xfe\n", "\xe4", 0, 0],
])("a header says what it was given: %s", async (_, name, link, sizeBytes, uid) => {
  const common = { mode: 0o644, uid, gid: uid, mtime: 1_234_567_890, deviceMajor: 0, deviceMinor: 0 }
  const header = {
    type: link === "" ? ("file" as const) : ("symlink" as const),
    name: Buffer.from(name, "latin1"),
    linkName: Buffer.from(link, "latin1"),
    sizeBytes: link === "" ? sizeBytes : 0,
    ...common,
  }
  async function* stream() {
    yield encodeHeader(header)
    yield endOfArchive
  }
  for await (const member of readTar(stream())) {
    expect(member.header).toEqual(header)
    break
  }
})

test.each([
  ["web-0:/srv", { pod: "web-0", path: "/srv" }],
  ["shop/web-0:/a b", { namespace: "shop", pod: "web-0", path: "/a b" }],
  ["pod/web-0:/", { pod: "web-0", path: "/" }],
  ["pod/shop/web-0:/x", { namespace: "shop", pod: "web-0", path: "/x" }],
  ["./web-0:/srv", undefined],
  ["/srv", undefined],
  ["web-0:srv", undefined],
  [".", undefined],
])("%s as a destination", (text, expected) => expect(parsePodPath(text)).toEqual(expected))
