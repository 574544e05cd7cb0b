import { symlink, mkdir } from "node:fs/promises"
import { join } from "node:path"
import { makeImages } from "../disks/images.ts"
import { ldmScript } from "../disks/ldm-writer.ts"
import { idOf, type Row } from "../disks/row.ts"

/** Disks of one machine, by name, and their size in MiB. */
const disks = { a1: 200, a2: 200, m1: 40, m2: 40, b1: 128, b2: 128, l1: 40, w1: 24 }
const old = Object.entries(disks).map(([name, sizeMiB]) => ({ name, sizeMiB }))
const later = old.map(({ name, sizeMiB }) => ({ name: `${name}-later`, sizeMiB }))
const ldm = ldmScript(
  {
    name: "SHOP-Dg0",
    node: "525400000001",
    sequence: 41,
    disks: [{ name: "Disk1", sizeMiB: disks.w1, table: "mbr" }],
    volumes: [{ name: "Volume1", layout: "spanned", parts: [{ disk: 1, mib: 14 }] }],
  },
  [1],
)

/**
 * A machine's disks at two times. What puts them together is the same at both: volume group `vg0` over a1 and a2 with `data`
 * (ext4) and `logs` (XFS), a mirror `home` of m1 and m2, a Btrfs striped over b1 and b2, LUKS2 on l1 (`secret`), a Windows
 * dynamic disk w1. In each file system `which` tells of the time.
 */
const row: Row = {
  group: "points",
  name: "a machine's disks at two times",
  disks: [...old, ...later],
  make: `
    modprobe -a dm-mod dm-raid raid1
    old() { mkdir -p /made/x; mount "$@" /made/x; mkdir /made/x/etc; echo old >/made/x/which
      for name in same gone; do echo $name >/made/x/etc/$name; done; umount /made/x; }
    later() { mount "$@" /made/x; echo later >/made/x/which; rm /made/x/etc/gone; echo added >/made/x/etc/added; umount /made/x; }

    only_these_disks $d1 $d2
    vgcreate -q vg0 $d1 $d2; lvcreate -q -y --type striped -i 2 -n data -L 40M vg0; lvcreate -q -y -n logs -L 320M vg0
    mkfs.ext4 -q /dev/vg0/data; mkfs.xfs -q /dev/vg0/logs
    old /dev/vg0/data; old /dev/vg0/logs; vgchange -q -an vg0
    mdadm -q -C /dev/md7 --run -l1 -n2 --assume-clean --homehost=elsewhere --name=home $d3 $d4
    mkfs.ext4 -q /dev/md7; old /dev/md7; mdadm -q -S /dev/md7
    mkfs.btrfs -q -d raid0 -m raid1 $d5 $d6; old -o device=$d6 $d5; btrfs device scan --forget
    printf secret | cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file=- $d7
    printf secret | cryptsetup open --key-file=- $d7 inside
    mkfs.ext4 -q /dev/mapper/inside; old /dev/mapper/inside; cryptsetup close inside
    d1_before=$d1; d1=$d8
    ${ldm}
    d1=$d1_before
    ldmtool -d $d8 create all
    mkntfs -q -F -f /dev/mapper/ldm_vol_SHOP-Dg0_Volume1; old -t ntfs-3g /dev/mapper/ldm_vol_SHOP-Dg0_Volume1
    ldmtool -d $d8 remove all

    sync
    copy() { dd if=$1 of=$2 bs=1M conv=sparse status=none; }
    copy $d1 $d9; copy $d2 $d10; copy $d3 $d11; copy $d4 $d12; copy $d5 $d13; copy $d6 $d14; copy $d7 $d15; copy $d8 $d16
    sync

    only_these_disks $d9 $d10; vgchange -q -ay vg0
    later /dev/vg0/data; later -o nouuid /dev/vg0/logs; vgchange -q -an vg0
    mdadm -q -A /dev/md7 --run $d11 $d12; later /dev/md7; mdadm -q -S /dev/md7
    later -o device=$d14 $d13; btrfs device scan --forget
    printf secret | cryptsetup open --key-file=- $d15 inside; later /dev/mapper/inside; cryptsetup close inside
    ldmtool -d $d16 create all; later -t ntfs-3g /dev/mapper/ldm_vol_SHOP-Dg0_Volume1; ldmtool -d $d16 remove all
  `,
  volumes: [],
}

/** Makes the disks; links to them in `base`, in `old` and in `later`, under the machine's names. Returns both lists. */
export async function pointDisks(base: string): Promise<{ old: string[]; later: string[] }> {
  const { folders, failed } = await makeImages([row])
  const [words] = failed.values()
  if (words !== undefined) throw new Error(words)
  const folder = folders.get(idOf(row)) ?? ""
  const link = async (time: string, suffix: string) => {
    await mkdir(join(base, time), { recursive: true })
    return Promise.all(
      old.map(async ({ name }) => {
        await symlink(join(folder, `${name}${suffix}.img`), join(base, time, `${name}.img`))
        return join(base, time, `${name}.img`)
      }),
    )
  }
  return { old: await link("old", ""), later: await link("later", "-later") }
}
