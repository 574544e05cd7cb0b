import { makeImages } from "../disks/images.ts"
import { idOf, type Row } from "../disks/row.ts"

/** The disk of the application of docs/using.md, a volume group vg0: its files, and in `tree` names and metadata from hell. */
const disk: Row = {
  group: "files",
  name: "orders",
  disks: [{ name: "data-orders-0", sizeMiB: 128 }],
  make: `
    vgcreate -q vg0 $d1; lvcreate -q -y -n data -l 100%FREE vg0
    mkfs.ext4 -q -F /dev/vg0/data; mkdir -p /made/orders; mount /dev/vg0/data /made/orders
    cd /made/orders; mkdir -p orders/archive tree
    head -c 3000000 /dev/urandom >orders/2026-11.db; echo config >orders/config.json
    for month in 08 09 10; do { yes $month || :; } | head -c 500000 >orders/archive/2026-$month.db; done
    chown -R 999:999 orders; put posix tree
    cd /; umount /made/orders; vgchange -q -an vg0`,
  volumes: [],
}

export const imageMiB = disk.disks[0]?.sizeMiB ?? 0

/** The image's file; made when there is none yet. */
export async function makeImage(): Promise<string> {
  const { folders, failed } = await makeImages([disk])
  const why = failed.get(idOf(disk))
  if (why !== undefined) throw new Error(why)
  return `${folders.get(idOf(disk))}/${disk.disks[0]?.name}.img`
}
