import { noise, oddNames } from "../support/guest/tree.ts"
import type { Entry } from "./tree.ts"

const second = 1_000_000_000n
const time = 1_234_567_890n * second + 123_456_789n

const base = { mode: 0o644, uid: 0, gid: 0, mtime: time }
const file = (name: string | Buffer, content: string | Buffer, more: Partial<Entry> = {}): Entry => ({
  ...base,
  type: "file",
  name: Buffer.from(name),
  content: Buffer.from(content),
  ...more,
})
const directory = (name: string, more: Partial<Entry> = {}): Entry => ({
  ...base,
  type: "directory",
  name: Buffer.from(name),
  mode: 0o755,
  ...more,
})
const special = (type: "fifo" | "char" | "block", name: string): Entry => ({ ...base, type, name: Buffer.from(name) })
const link = (type: "symlink" | "hardlink", name: string, to: string, more: Partial<Entry> = {}): Entry => ({
  ...base,
  type,
  name: Buffer.from(name),
  mode: type === "symlink" ? 0o777 : 0o644,
  link: Buffer.from(to),
  ...more,
})

/** Islands of data in 3 MiB of nothing. */
function islands(): Buffer {
  const bytes = Buffer.alloc(3 << 20)
  for (const at of [0, 1 << 20, (3 << 20) - 5000]) noise(`island ${at}`, 5000).copy(bytes, at)
  return bytes
}

/** cap_net_bind_service=ep, as the kernel stores it (VFS_CAP_REVISION_2). */
const capability = Buffer.from("0100000200040000000000000000000000000000", "hex")
const deep = Array.from({ length: 20 }, (_, level) =>
  Array(level + 1)
    .fill("deep")
    .join("/"),
)

/** Everything that a file system of Unix keeps, and names that only such a one lets be. */
const posix: readonly Entry[] = [
  directory("odd"),
  ...oddNames.map((name) => file(Buffer.concat([Buffer.from("odd/"), name]), noise(name.toString("hex"), 99))),
  file("odd/Case", "upper"),
  file("odd/case", "lower"),
  file("odd/CON", "reserved elsewhere"),
  directory("-dash dir\n", { mode: 0o1777 }),
  file("-dash dir\n/inside", "inside"),
  directory("meta", { uid: 12_345, gid: 54_321, mode: 0o2750 }),
  file("meta/none", "nobody reads this", { mode: 0 }),
  file("meta/setuid", "#!", { mode: 0o4755, uid: 4_000_000_000, gid: 3_999_999_999 }),
  file("meta/old", "1960", { mtime: -315_619_200n * second }),
  file("meta/future", "2100", { mtime: 4_102_444_800n * second + 5n }),
  file("meta/attributes", "x", {
    xattrs: { "user.comment": Buffer.from("größe \xff", "latin1"), "user.long": noise("attribute", 900) },
  }),
  file("meta/trusted", "x", {
    xattrs: { "trusted.note": Buffer.from("kept"), "security.capability": capability },
    mode: 0o755,
  }),
  file("meta/acl", "x", { mode: 0o660, acl: "user::rw-,user:12345:r--,group::r--,mask::rw-,other::---" }),
  file("meta/hard", "one file of three names"),
  link("hardlink", "meta/hard 2", "meta/hard"),
  link("hardlink", "odd/hard 3", "meta/hard"),
  directory("links"),
  link("symlink", "links/relative", "../meta/hard"),
  link("symlink", "links/up", "../../../../../../etc/passwd", { uid: 7, gid: 8 }),
  link("symlink", "links/absolute", "/etc/passwd"),
  link("symlink", "links/loop", "loop"),
  link("symlink", "links/long", "l/".repeat(450)),
  special("fifo", "links/fifo"),
  special("char", "links/null"),
  special("block", "links/disk"),
  ...deep.map((name) => directory(name)),
  file(`${deep.at(-1)}/file`, "at the bottom"),
  directory("empty"),
  file("nothing", ""),
  file("sparse", islands()),
  file("big", noise("big", 2 << 20)),
]

/** What every file system keeps: contents, names of characters that Windows allows, and some time. */
const plain: readonly Entry[] = [
  directory("Ordner größe"),
  file("Ordner größe/Ünïcödé 文件 😀.txt", noise("unicode", 999)),
  file("Ordner größe/ leading blank", "x"),
  file("-rf", "x"),
  file("--help", "x"),
  file("'$x `id` & (1) [a] {b}.tar.gz", "x"),
  file(`${"n".repeat(196)}.txt`, "long"),
  file("README.TXT", "short"),
  ...deep.slice(0, 8).map((name) => directory(name)),
  file(`${deep[7]}/file`, "at the bottom"),
  directory("empty"),
  file("nothing", ""),
  file("sparse", islands()),
  file("big", noise("big", 2 << 20)),
]

export type TreeName = "posix" | "plain"
export const trees: Record<TreeName, readonly Entry[]> = { posix, plain }
