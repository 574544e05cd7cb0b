import { execFile } from "node:child_process"
import { mkdir, open, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import { buildInVm } from "./build-vm.ts"
import { cachedImages } from "./image-cache.ts"
import { copyImage, digHoles, sparse } from "./images.ts"
import { noise } from "./tree.ts"

const run = promisify(execFile)
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` }
const MiB = 1 << 20

/** Names of the images that `largeFiles` makes. */
export const largeFileDisks = ["ext4", "xfs", "a", "b", "luks", "btrfs", "ordered", "journaled"] as const

/**
 * Images with files large enough to be read past the guest, made of `files`, a folder beside them: `ext4.img` (one in
 * many fragments, one with holes, one within its inode), `xfs.img`; `a.img` and `b.img`, volume group `wide` with ext4 on
 * `linear` and `striped` over both; `luks.img` (its passphrase is `secret`); `btrfs.img`, compressed; `ordered.img` and
 * `journaled.img`, ext4 that crashed: of `large` the inode, or all, is in the journal only.
 */
export function largeFiles(): Promise<string> {
  return cachedImages(
    "large",
    async (dir) => {
      const files = join(dir, "files")
      await mkdir(files)
      await writeFile(join(files, "large"), noise("large", 24 * MiB))
      await writeFile(join(files, "tiny"), "within the inode")
      await writeHoles(join(files, "holes"))
      await ext4(join(dir, "ext4.img"), 128, files)
      await fragment(join(dir, "ext4.img"), join(files, "large"))
      await ext4(join(dir, "content.img"), 96, files)
      await ext4(join(dir, "ordered.img"), 64)
      await ext4(join(dir, "journaled.img"), 256)
      await sparse(join(dir, "xfs.img"), 300)
      const prototype = ["/dev/null", "0 0", "d--755 0 0", `large ---644 0 0 ${files}/large`, "$", "$", ""]
      await writeFile(join(dir, "proto"), prototype.join("\n"))
      await run("mkfs.xfs", ["-q", "-f", "-p", join(dir, "proto"), join(dir, "xfs.img")], { env })
      await sparse(join(dir, "btrfs.img"), 256)
      await run("mkfs.btrfs", ["-q", join(dir, "btrfs.img")], { env })
      for (const [name, size] of [
        ["a", 144],
        ["b", 144],
        ["luks", 120],
      ] as const)
        await sparse(join(dir, `${name}.img`), size)
      const made = largeFileDisks.map((name) => join(dir, `${name}.img`))
      await copyImage(join(dir, "content.img"), join(dir, "source.img"))
      await buildInVm(script, [join(dir, "source.img"), ...made])
      for (const name of ["content.img", "source.img", "proto"]) await rm(join(dir, name))
      for (const disk of made) await digHoles(disk)
    },
    ["large-files.ts"],
  )
}

async function ext4(file: string, sizeMiB: number, tree?: string): Promise<void> {
  const content = tree === undefined ? [] : ["-d", tree]
  const options = ["-q", "-F", "-t", "ext4", "-O", "inline_data", "-E", "lazy_itable_init=0"]
  await run("mke2fs", [...options, ...content, file, `${sizeMiB}M`], { env })
}

/** 23 MiB, of which every other MiB is a hole. */
async function writeHoles(path: string): Promise<void> {
  const file = await open(path, "w")
  for (let at = 0; at < 24; at += 2) await file.write(noise(`part ${at}`, MiB), 0, MiB, at * MiB)
  await file.close()
}

/** Writes `fragments` into what is left of a file system whose free space is in pieces of 64 KiB. */
async function fragment(image: string, content: string): Promise<void> {
  const small = join(image, "..", "small")
  await writeFile(small, noise("small", 64 << 10))
  const names = Array.from({ length: 900 }, (_, number) => `f${number}`)
  const written = names.map((name) => `write ${small} ${name}`)
  const removed = names.filter((_, index) => index % 2 === 0).map((name) => `rm ${name}`)
  await writeFile(`${image}.commands`, [...written, ...removed, `write ${content} fragments`, ""].join("\n"))
  await run("debugfs", ["-w", "-f", `${image}.commands`, image], { env, maxBuffer: 16 * MiB })
  for (const path of [small, `${image}.commands`]) await rm(path)
}

const script = `
set +x
disk 0; source=$disk
mkdir /m/source
mount -t ext4 -o ro $source /m/source
disk 3; first=$disk
disk 4; second=$disk
lvm pvcreate -q $first $second
lvm vgcreate -q wide $first $second
lvm lvcreate -q -y -Zn -Wn -n linear -L 20M wide $first
lvm lvextend -q -L 96M wide/linear $second
lvm lvcreate -q -y -Zn -Wn -n striped -i 2 -I 64k -L 96M wide
for volume in linear striped; do cat $source > /dev/mapper/wide-$volume; done
sync
lvm vgchange -q -an wide
disk 5
printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=- $disk
printf secret | cryptsetup open --key-file=- $disk opened
cat $source > /dev/mapper/opened
sync
cryptsetup close opened
modprobe btrfs
disk 6
mkdir /m/btrfs
mount -t btrfs -o compress-force=zstd $disk /m/btrfs
for i in 1 2 3 4 5 6; do cat /lib/modules/*/xfs.ko /lib/modules/*/btrfs.ko; done > /m/btrfs/large
sync
umount /m/btrfs
disk 7
mkdir /m/ordered
mount -t ext4 $disk /m/ordered
cat /m/source/large > /m/ordered/large
disk 8
mkdir /m/journaled
mount -t ext4 -o data=journal $disk /m/journaled
cat /m/source/large > /m/journaled/large
sync # data to its place or into the journal, metadata into the journal only; what follows is the crash
`
