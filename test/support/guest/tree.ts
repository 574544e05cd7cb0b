import { createCipheriv, createHash } from "node:crypto"
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from "node:fs/promises"

/** Bytes that look random and are the same each time. */
export function noise(name: string, length: number): Buffer {
  const key = createHash("sha256").update(name).digest().subarray(0, 16)
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

/** Every byte a name may hold, but in names of at most 255: all that tools stumble over. */
export const oddNames: readonly Buffer[] = [
  Buffer.from("Ünïcödé 文件 😀.txt"),
  Buffer.from("new\nline"),
  Buffer.from("ends with newline\n"),
  Buffer.from("-rf"),
  Buffer.from("--help"),
  Buffer.from(" lead and trail "),
  Buffer.from("quote'\"$x`id`;\\y"),
  Buffer.from("*?[a]"),
  Buffer.from("back\\0101slash"),
  Buffer.from("n".repeat(255)),
  Buffer.from("\x01ctrl\x1b[31m"),
  Buffer.from([0x62, 0x61, 0x64, 0xff, 0xfe]),
  Buffer.from([...Array(127).keys()].map((index) => index + 1).filter((byte) => byte !== 0x2f)),
  Buffer.from([...Array(128).keys()].map((index) => index + 128)),
]

/** A tree for test images: odd names, links that try to get out, a file of 24 MiB and many small ones. */
export async function makeTree(root: string): Promise<void> {
  await mkdir(root)
  for (const directory of ["odd", "links", "etc", "many", "-dash dir\n"]) await mkdir(`${root}/${directory}`)
  for (const name of oddNames)
    await writeFile(Buffer.concat([Buffer.from(`${root}/odd/`), name]), noise(name.toString("hex"), 999))
  await writeFile(`${root}/-dash dir\n/inside`, "inside")
  for (let index = 0; index < 250; index++) await writeFile(`${root}/many/f${index}`, `${index}`)
  await writeFile(`${root}/big`, noise("big", 24 << 20))
  await writeFile(`${root}/empty`, "")
  await writeFile(`${root}/etc/os-release`, "ID=inside\n")
  await writeFile(`${root}/etc/private`, "private")
  const links = {
    relative: "../etc/os-release",
    absolute: "/etc/os-release",
    "guest-passwd": "/etc/passwd",
    up: "../../../../../../etc/passwd",
    process: "/proc/self/environ",
    loop: "loop",
    volumes: "/volumes",
    root: "/",
  }
  for (const [name, target] of Object.entries(links)) await symlink(target, `${root}/links/${name}`)
  await utimes(`${root}/empty`, 86400, 86400)
}

/** The regular files of a directory, by name in Latin-1, so that every byte counts. */
export async function filesOf(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const entry of await readdir(Buffer.from(directory), { withFileTypes: true, encoding: "buffer" }))
    if (entry.isFile())
      files.set(
        entry.name.toString("latin1"),
        await readFile(Buffer.concat([Buffer.from(`${directory}/`), entry.name])),
      )
  return files
}
