import type { Row } from "../../disks/row.ts"

/** What there is to be read, all of it on one disk, in copies: what one way has read lies in the guest's cache for the next. */
export interface FileSet {
  /** Entries of `/many-0` and `/many-1`, empty files. */
  readonly entries: number
  /** Files of `/tree-0` and `/tree-1`, 4 KiB each, 100 in a directory. */
  readonly files: number
  /** Size of `/large-0` to `/large-2`, in MiB. */
  readonly largeMiB: number
  /** Size of each of `/ten-0/0` to `/ten-0/9`, of those in `/ten-1`, and of `/one-0` and `/one-1`, in MiB. */
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
  const contentMiB = 3 * largeMiB + 22 * eachMiB + (2 * files * 4) / 1024
  return {
    group: "bench",
    name: `files ${largeMiB} MiB`,
    disks: [{ name: "files", sizeMiB: 64 + Math.ceil(1.1 * contentMiB + (2 * entries) / 1024) }],
    make: `
      mkfs.ext4 -q -F -i 8192 $d1; mkdir -p /made/f; mount $d1 /made/f; cd /made/f
      for n in 0 1; do mkdir many-$n; (cd many-$n; seq -f 'entry-%06.0f' ${entries} | xargs touch); done
      mkdir tree-0; for ((at = 0; at < ${files / 100}; at++)); do
        mkdir tree-0/$at; head -c 400K /dev/urandom | split -b 4K -a 2 -d - tree-0/$at/file-
      done
      head -c ${largeMiB}M /dev/urandom >large-0
      mkdir ten-0; for at in {0..9}; do head -c ${eachMiB}M /dev/urandom >ten-0/$at; done
      head -c ${eachMiB}M /dev/urandom >one-0
      for name in tree-0 large-0 ten-0 one-0; do cp -r $name \${name%0}1; done
      cp large-0 large-2
      cd /; umount /made/f`,
    volumes: [],
  }
}
