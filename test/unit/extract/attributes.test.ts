import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { AttributeKeeper } from "../../../src/extract/attributes.ts"
import { extractTar } from "../../../src/extract/extract.ts"
import { inChunks, type Member, tarBytes } from "../../support/tar-bytes.ts"

/** cp --xattrs: ACLs and extended attributes, set by the system's tools on what was unpacked, and on nothing else. */
let dest: string
beforeEach(() => {
  // where the file system has both
  dest = mkdtempSync(join(tmpdir(), "attributes-"))
})
afterEach(() => rmSync(dest, { recursive: true, force: true }))

async function extract(members: readonly Member[], privileged = false): Promise<string[]> {
  const lost: string[] = []
  const attributes = new AttributeKeeper({
    privileged,
    withheld: (name) => lost.push(`${name} withheld`),
    lost: (name, why) => lost.push(`${name}: ${why}`),
  })
  await extractTar(inChunks(tarBytes(members)), {
    into: Buffer.from(dest),
    as: Buffer.from("copy"),
    from: [Buffer.from("top")],
    preserveSpecial: false,
    skipped: (name, why) => lost.push(`${name}: ${why}`),
    special: () => undefined,
    attributes,
  })
  attributes.flush()
  return lost
}

const quiet = { stdio: ["ignore", "pipe", "ignore"] as ["ignore", "pipe", "ignore"] }
const top: Member = { name: "top/", type: "5", mode: 0o755 }
const origin = (path: string) =>
  execFileSync("getfattr", ["-h", "--only-values", "--absolute-names", "-n", "user.origin", path], quiet).toString(
    "latin1",
  )
const acl = (path: string) =>
  execFileSync("getfacl", ["-n", "-c", "--absolute-names", path]).toString().trim().split("\n")
const user = { "SCHILY.xattr.user.origin": Buffer.from("a\0\n\xff", "latin1") }

test("attributes with every byte, on files and directories, under every name", async () => {
  const name = Buffer.from("top/odd \n\\name\xff", "latin1")
  expect(
    await extract([
      { ...top, pax: user },
      { name, body: "x", pax: user },
    ]),
  ).toEqual([])
  expect(origin(join(dest, "copy"))).toBe("a\0\n\xff")
  const odd = Buffer.concat([Buffer.from(`${dest}/copy/`), name.subarray(4)])
  expect(readFileSync(odd, "utf8")).toBe("x")
  expect(readdirSync(join(dest, "copy"), { encoding: "buffer" })).toEqual([name.subarray(4)])
  expect(
    execFileSync(
      "sh",
      ["-c", 'cd "$1"; getfattr -h -R -n user.origin . | grep -c "^user.origin"', "sh", dest],
      quiet,
    ).toString(),
  ).toBe("2\n")
})

test("ACLs by number, also those that new files inherit", async () => {
  const access = "user::rw-,user:somebody:r--:1234,group::r--,group:77:rw-,mask::rw-,other::---"
  const defaults = "user::rwx\nuser:1234:r-x\ngroup::r-x\nmask::r-x\nother::---"
  const members: Member[] = [
    { ...top, pax: { "SCHILY.acl.default": defaults } },
    { name: "top/f", body: "x", pax: { "SCHILY.acl.access": access } },
  ]
  expect(await extract(members)).toEqual([])
  expect(acl(join(dest, "copy/f"))).toEqual([
    "user::rw-",
    "user:1234:r--",
    "group::r--",
    "group:77:rw-",
    "mask::rw-",
    "other::---",
  ])
  expect(acl(join(dest, "copy"))).toContain("default:user:1234:r-x")
})

test("names as GNU tar writes them; what Linux has no room for is told, and the rest is kept", async () => {
  const pax = { ...user, "SCHILY.xattr.user.odd%3D%25 größe": "odd", "SCHILY.xattr.user.stream": Buffer.alloc(65_537) }
  expect(await extract([top, { name: "top/f", body: "x", pax }])).toEqual([
    expect.stringMatching(/copy\/f: attribute user\.stream is not kept: 65537 bytes are more than Linux keeps$/),
  ])
  expect(origin(join(dest, "copy/f"))).toBe("a\0\n\xff")
  const odd = ["--only-values", "--absolute-names", "-n", "user.odd=% größe", join(dest, "copy/f")]
  expect(execFileSync("getfattr", odd).toString()).toBe("odd")
})

test("what gives power is kept only where it was asked for; what can't be understood is told", async () => {
  const members: Member[] = [
    top,
    { name: "top/cap", body: "x", pax: { "SCHILY.xattr.security.capability": "x" } },
    { name: "top/acl", body: "x", pax: { "SCHILY.acl.access": "user::rw-,user:root:rwx\n# file: /etc/passwd" } },
    { name: "top/selinux", body: "x", pax: { "SCHILY.xattr.security.selinux": "label" } },
  ]
  expect(await extract(members)).toEqual([
    expect.stringMatching(/copy\/cap withheld$/),
    expect.stringMatching(/copy\/acl: its ACL can't be understood/),
  ])
})

test("nothing is set on what took the place of a file, or through a link", async () => {
  const members: Member[] = [
    top,
    { name: "top/f", body: "x", pax: user },
    { name: "top/victim", body: "y" },
    { name: "top/f", type: "2", link: "victim" },
    { name: "top/l", type: "2", link: "victim", pax: user },
  ]
  expect(await extract(members)).toEqual([])
  expect(() => origin(join(dest, "copy/victim"))).toThrow("getfattr")
})
