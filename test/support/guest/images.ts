import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { open, rm, truncate, writeFile } from "node:fs/promises"
import { promisify } from "node:util"
import { cachedImages } from "./image-cache.ts"
import { makeTree, noise } from "./tree.ts"

const run = promisify(execFile)
const MiB = 1 << 20
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }

/**
 * Images that need no kernel: whole-disk ext4, GPT with ext4 and XFS, MBR with a logical partition, and broken ones.
 * Returns their folder: `whole.img`, `gpt.img`..., and `tree` with what is in the file systems.
 */
export function plainImages(): Promise<string> {
  return cachedImages("plain", async (dir) => {
    await makeTree(`${dir}/tree`)
    await ext4(`${dir}/whole.img`, 64, "WHOLE", `${dir}/tree`)
    // what needs no privilege this way: device nodes, owners, trusted attributes
    const links = ["cd /links", "mknod mem c 1 1", "mknod disk b 8 0", "mknod fifo p"]
    const inode = ["cd /etc", "set_inode_field private mode 0100000", "set_inode_field private uid 12345"]
    const attributes = ["ea_set private user.comment größe", "ea_set private trusted.note kept"]
    const commands = [...links, ...inode, ...attributes]
    await writeFile(`${dir}/commands`, `${commands.join("\n")}\n`)
    await run("debugfs", ["-w", "-f", `${dir}/commands`, `${dir}/whole.img`], { env })
    await rm(`${dir}/commands`)
    await ext4(`${dir}/small.img`, 16, "SMALL", `${dir}/tree/many`)
    await xfs(`${dir}/xfs.img`, "XFSVOL", `${dir}/tree/etc/os-release`)
    await sparse(`${dir}/gpt.img`, 400)
    await partition(`${dir}/gpt.img`, [
      "label: gpt",
      "start=2048, size=64MiB, type=L",
      "start=133120, size=300MiB, type=L",
      "size=8MiB, type=S",
    ])
    await put(`${dir}/gpt.img`, `${dir}/whole.img`, 1)
    await put(`${dir}/gpt.img`, `${dir}/xfs.img`, 65)
    await sparse(`${dir}/mbr.img`, 64)
    await partition(`${dir}/mbr.img`, [
      "label: dos",
      "start=2048, size=16MiB, type=83",
      "start=34816, size=40MiB, type=5",
      "start=36864, size=16MiB, type=83",
    ])
    await put(`${dir}/mbr.img`, `${dir}/small.img`, 18)
    await sparse(`${dir}/empty.img`, 16)
    await writeFile(`${dir}/random.img`, noise("random", 16 * MiB))
    // the superblock stays, group descriptors and inodes are gone
    await copyImage(`${dir}/whole.img`, `${dir}/corrupt.img`)
    await overwrite(`${dir}/corrupt.img`, noise("corrupt", 8 * MiB), 4096)
    await copyImage(`${dir}/whole.img`, `${dir}/truncated.img`)
    await truncate(`${dir}/truncated.img`, 20 * MiB)
  })
}

export async function sparse(file: string, sizeMiB: number): Promise<void> {
  await writeFile(file, "")
  await truncate(file, sizeMiB * MiB)
}

async function ext4(file: string, sizeMiB: number, label: string, tree: string): Promise<void> {
  await run("mke2fs", ["-q", "-F", "-t", "ext4", "-L", label, "-d", tree, file, `${sizeMiB}M`], { env })
}

/** XFS of 300 MiB, the least mkfs makes, with one file. */
async function xfs(file: string, label: string, content: string): Promise<void> {
  await sparse(file, 300)
  const prototype = ["/dev/null", "0 0", "d--755 0 0", `os-release ---644 0 0 ${content}`, "$", "$", ""]
  await writeFile(`${file}.proto`, prototype.join("\n"))
  await run("mkfs.xfs", ["-q", "-f", "-L", label, "-p", `${file}.proto`, file], { env })
  await rm(`${file}.proto`)
}

async function partition(file: string, script: readonly string[]): Promise<void> {
  const sfdisk = spawn("sfdisk", ["-q", file], { env, stdio: ["pipe", "ignore", "inherit"] })
  sfdisk.stdin.end(`${script.join("\n")}\n`)
  const [code] = (await once(sfdisk, "close")) as [number | null]
  if (code !== 0) throw new Error(`sfdisk ended with ${code}`)
}

async function put(image: string, content: string, atMiB: number): Promise<void> {
  await run("dd", [`if=${content}`, `of=${image}`, "bs=1M", `seek=${atMiB}`, "conv=notrunc,sparse", "status=none"])
}

async function overwrite(file: string, bytes: Buffer, offset: number): Promise<void> {
  const handle = await open(file, "r+")
  await handle.write(bytes, 0, bytes.length, offset)
  await handle.close()
}

/** A copy with holes where the image is empty. */
export async function copyImage(from: string, to: string): Promise<void> {
  await run("cp", ["--sparse=always", from, to])
}

export async function digHoles(image: string): Promise<void> {
  await run("fallocate", ["--dig-holes", image])
}
