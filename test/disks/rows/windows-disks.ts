import { cachePath } from "../../support/guest/image-cache.ts"

/** Bash that puts disks which Windows made, out of libldm's tests, onto $d1, $d2...; scripts/setup.sh has fetched them. */
export const windowsDisks = (year: "2003r2" | "2008r2", names: readonly string[]) =>
  unpack +
  names.map((name, at) => `dd if=/made/ldm-${year}-${name}.img of=$d${at + 1} bs=1M conv=sparse status=none\n`).join("")

/** Bash that puts the only volume of one of them, an NTFS of Windows Server 2003, onto a partition. */
export const windowsVolume = (partition: string) =>
  `${unpack}dd if=/made/ldm-2003r2-simple-1.img of=${partition} bs=512 skip=63 count=96256 conv=notrunc status=none\n`

const unpack = `
archive=${cachePath("libldm-0.2.5.tar.gz")}
[ -e $archive ] || { echo "$archive is missing: scripts/setup.sh fetches it"; false; }
tar -xzOf $archive libldm-libldm-0.2.5/test/data/ldm-data.tar.xz | tar -xJS -C /made
`
