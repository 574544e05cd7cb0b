import type { Row } from "../../disks/row.ts"

/** What there is to be read, all of it on one disk. */
export interface FileSet {
  /** Entries of `/many`, empty files. */
  readonly entries: number
  /** Files of `/tree`, 4 KiB each, 100 in a directory. */
  readonly files: number
  /** Size of `/large`, in MiB. */
  readonly largeMiB: number
  /** Size of each of `/ten/0` to `/ten/9`, in MiB. */
  readonly eachMiB: number
}

/** The full size is that of a large file of 1 GiB; everything else is smaller in proportion. */
export function fileSet(largeMiB: number): FileSet {
  const part = largeMiB / 1024
  const least = (number: number) => Math.max(1, Math.round(number))
  return { largeMiB, entries: least(100_000 * part), files: 100 * least(100 * part), eachMiB: least(100 * part) }
}

/** A disk with an ext4 that holds them. What is in files is random, so that no byte is right by chance. */
export function fileSetDisk({ entries, files, largeMiB, eachMiB }: FileSet): Row {
  const sizeMiB = 64 + Math.ceil(1.1 * (largeMiB + 10 * eachMiB) + (files * 4 + entries) / 1024)
  return {
    group: "bench",
    name: `files ${largeMiB} MiB`,
    disks: [{ name: "files", sizeMiB }],
    make: `
      mkfs.ext4 -q -F -i 8192 $d1; mkdir -p /made/f; mount $d1 /made/f; cd /made/f
      mkdir many; (cd many; seq -f 'entry-%06.0f' ${entries} | xargs touch)
      mkdir tree; for ((at = 0; at < ${files / 100}; at++)); do
        mkdir tree/$at; head -c 400K /dev/urandom | split -b 4K -a 2 -d - tree/$at/file-
      done
      head -c ${largeMiB}M /dev/urandom >large
      mkdir ten; for at in {0..9}; do head -c ${eachMiB}M /dev/urandom >ten/$at; done
      cd /; umount /made/f`,
    volumes: [],
  }
}
