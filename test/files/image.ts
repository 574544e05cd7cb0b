import { makeImages } from "../disks/images.ts"
import { idOf, type Row } from "../disks/row.ts"

export const sizeMiB = 128

/**
 * The disk of the application of docs/using.md, a volume group vg0: its files, and in `tree` names and metadata from hell. The
 * second one is the same disk a day before.
 */
const disk: Row = {
  group: "files",
  name: "orders",
  disks: ["nightly-1122", "nightly-1121"].map((name) => ({ name, sizeMiB })),
  make: `
    vgcreate -q vg0 $d1; lvcreate -q -y -n data -l 100%FREE vg0
    mkfs.ext4 -q -F /dev/vg0/data; mkdir -p /made/orders; mount /dev/vg0/data /made/orders
    cd /made/orders; mkdir -p orders/archive tree
    head -c 2000000 /dev/urandom >orders/2026-11.db; echo old >orders/config.json
    for month in 08 09 10; do { yes $month || :; } | head -c 500000 >orders/archive/2026-$month.db; done
    chown -R 999:999 orders; put posix tree
    cd /; umount /made/orders; vgchange -q -an vg0
    sync; cat $d1 >$d2
    only_these_disks $d1
    vgchange -q -ay vg0; mount /dev/vg0/data /made/orders
    cd /made/orders; head -c 1000000 /dev/urandom >>orders/2026-11.db; echo config >orders/config.json
    cd /; umount /made/orders; vgchange -q -an vg0`,
  volumes: [],
}

/** The images' files, by the snapshots that they are, the older one first; made when there are none yet. */
export async function makeDays(): Promise<{ name: string; image: string }[]> {
  const { folders, failed } = await makeImages([disk])
  const why = failed.get(idOf(disk))
  if (why !== undefined) throw new Error(why)
  return disk.disks.map(({ name }) => ({ name, image: `${folders.get(idOf(disk))}/${name}.img` })).toReversed()
}
