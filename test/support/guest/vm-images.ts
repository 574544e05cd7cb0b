import { rm } from "node:fs/promises"
import { join } from "node:path"
import { buildInVm } from "./build-vm.ts"
import { cachedImages } from "./image-cache.ts"
import { copyImage, digHoles, plainImages, sparse } from "./images.ts"

/** Files in the folder /written of each dirty file system; its metadata is in the journal only. */
export const dirtyFiles = 200

/**
 * Images only a kernel can make. `lvm1.img`, `lvm2.img`: volume group vg0 with `data` (ext4) and `logs` (XFS) across both.
 * `other.img`: a group of the same name from another machine. `raid1.img`, `raid2.img`: a mirror. `luks.img`: LUKS2, its
 * passphrase is `secret`. `dirty-ext4.img`, `dirty-xfs.img`: crashed while mounted.
 */
export async function vmImages(): Promise<string> {
  const plain = await plainImages()
  return cachedImages("vm", async (dir) => {
    const made = { lvm1: 280, lvm2: 280, other: 40, raid1: 40, raid2: 40, luks: 48 }
    for (const [name, sizeMiB] of Object.entries(made)) await sparse(join(dir, `${name}.img`), sizeMiB)
    await copyImage(join(plain, "small.img"), join(dir, "dirty-ext4.img"))
    await copyImage(join(plain, "xfs.img"), join(dir, "dirty-xfs.img"))
    const payload = ["whole.img", "small.img", "xfs.img"].map((name) => join(plain, name))
    const copies = await Promise.all(
      payload.map(async (file, index) => {
        const copy = join(dir, `payload${index}`)
        await copyImage(file, copy)
        return copy
      }),
    )
    const disks = [...Object.keys(made), "dirty-ext4", "dirty-xfs"].map((name) => join(dir, `${name}.img`))
    await buildInVm(script, [...copies, ...disks])
    for (const copy of copies) await rm(copy)
    for (const disk of disks) await digHoles(disk)
  })
}

const script = `
disk 0; whole=$disk
disk 1; small=$disk
disk 2; xfs=$disk
disk 3; first=$disk
disk 4; second=$disk
lvm pvcreate -q $first $second
lvm vgcreate -q vg0 $first $second
lvm lvcreate -q -y -Zn -Wn -n logs -L 300M vg0
lvm lvcreate -q -y -Zn -Wn -n data -L 64M vg0
cat $xfs > /dev/mapper/vg0-logs
cat $whole > /dev/mapper/vg0-data
sync
lvm vgchange -q -an vg0
disk 5; lvm pvcreate -q $disk
lvm vgcreate -q --config "devices/filter=[\\"a|$disk|\\",\\"r|.*|\\"]" vg0 $disk
lvm lvcreate -q --config "devices/filter=[\\"a|$disk|\\",\\"r|.*|\\"]" -y -Zn -Wn -n data -L 16M vg0
cat $small > /dev/mapper/vg0-data
sync
disk 6; first=$disk
disk 7; second=$disk
modprobe raid1
mdadm -q -C /dev/md0 --run -l1 -n2 -e1.2 --assume-clean --homehost=other --name=mirror $first $second
cat $small > /dev/md0
sync
mdadm -q -S /dev/md0
disk 8
printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=- $disk
printf secret | cryptsetup open --key-file=- $disk opened
cat $small > /dev/mapper/opened
sync
cryptsetup close opened
sync
set +x
for number in 9 10; do
  disk $number
  type=ext4
  [ $number = 9 ] || type=xfs
  mkdir /m/$type
  mount -t $type $disk /m/$type
  mkdir /m/$type/written
  for i in $(busybox seq 0 ${dirtyFiles - 1}); do echo $i > /m/$type/written/f$i; done
done
sync # data to its place, metadata to the journal only; what follows is the crash
`
