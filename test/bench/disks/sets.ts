import type { Row } from "../../disks/row.ts"
import { rows } from "../../disks/rows.ts"

const sizeMiB = 48
const ext4 = "mkfs.ext4 -q -F"

/** Bash that makes one kind of disks of $a, $b, $c, $d; what it does with names is its own: $n counts the kinds. */
const kinds = [
  { disks: 1, make: `${ext4} $a` },
  {
    disks: 1,
    make: `sgdisk -n 1:0:+20M -n 2:0:0 $a >/dev/null; blockdev --rereadpt $a; ${ext4} \${a}1; ${ext4} \${a}2`,
  },
  {
    disks: 4,
    make: `only_these_disks $a $b $c $d; vgcreate -q group$n $a $b $c $d
      lvcreate -q -y -n linear -l 12 group$n $a:0-5 $b:0-5; lvcreate -q -y --type striped -i 4 -n striped -l 12 group$n
      ${ext4} /dev/group$n/linear; ${ext4} /dev/group$n/striped; vgchange -q -an group$n`,
  },
  {
    disks: 4,
    make: `mdadm -q -C /dev/md$n --run -l5 -n4 --assume-clean --homehost=elsewhere --name=array$n $a $b $c $d
      ${ext4} /dev/md$n; mdadm -q -S /dev/md$n`,
  },
]

/**
 * A set of so many disks: whole file systems, partitioned ones, volume groups and arrays over four each, in turn, and whole
 * file systems where no more fit. Files don't matter here: what is timed is the catalogue.
 */
export function diskSet(count: number): Row {
  const parts: string[] = []
  for (let at = 0, n = 0; at < count; n++) {
    const wanted = kinds[n % kinds.length]
    const kind = wanted && at + wanted.disks <= count ? wanted : kinds[0]
    if (!kind) break
    const names = ["a", "b", "c", "d"].slice(0, kind.disks).map((name, index) => `${name}=$d${at + index + 1}`)
    parts.push(`n=${n}; ${names.join("; ")}; ${kind.make}`)
    at += kind.disks
  }
  const disks = Array.from({ length: count }, (_, at) => ({ name: `disk${at}`, sizeMiB }))
  return { group: "bench", name: `${count} disks`, disks, make: parts.join("\n"), volumes: [] }
}

/** One large file and many small ones, on one disk: for reading speed. */
export const manyFiles: Row = {
  group: "bench",
  name: "a large file and 4000 small ones",
  disks: [{ name: "many", sizeMiB: 192 }],
  make: `
    ${ext4} $d1; mkdir -p /made/m; mount $d1 /made/m; head -c 96M /dev/urandom >/made/m/large
    mkdir /made/m/small; for n in {1..4000}; do echo $n-{1..200} >/made/m/small/$n; done; umount /made/m`,
  volumes: [],
}

/** What both are given: kinds of disks that are hard, each with what must be found on it. */
export const compared: readonly Row[] = [
  "none, ext4 on the whole disk",
  "two volumes over two disks, one with a part on each",
  "a volume group on a degraded array of partitions",
  "two groups of one name, from two machines",
  "byte clones of a group of two disks",
  "luks2 on a disk",
  "NTFS: sparse, compressed and plain files",
  "MBR: simple, spanned, striped, mirrored, RAID-5 on three disks",
  "GPT and MBR mixed, a basic partition beside, one disk lost",
  "Btrfs, with subvolumes, a snapshot, another default, compression",
  "XFS, version 5",
  "a corrupt ext4, a corrupt XFS and a good one beside them",
].map((name) => {
  const row = rows.find((row) => row.name === name)
  if (row === undefined) throw new Error(`the table has no row ${name}`)
  return row
})
