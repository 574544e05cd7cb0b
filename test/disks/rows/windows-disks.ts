import { dynamicDiskImages } from "../foreign-images.ts"

const { folder } = dynamicDiskImages

/** Bash that puts disks which Windows made onto $d1, $d2... A row with it fetches `dynamicDiskImages`. */
export const windowsDisks = (year: "2003r2" | "2008r2", names: readonly string[]) =>
  names
    .map((name, at) => `dd if=${folder}/ldm-${year}-${name}.img of=$d${at + 1} bs=1M conv=sparse status=none\n`)
    .join("")

/** Bash that puts the only volume of one of them, an NTFS of Windows Server 2003, onto a partition. */
export const windowsVolume = (partition: string) =>
  `dd if=${folder}/ldm-2003r2-simple-1.img of=${partition} bs=512 skip=63 count=96256 conv=notrunc status=none\n`
