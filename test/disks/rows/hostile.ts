import { all } from "../keeping.ts"
import { damagedBeside, filesOf, manyEntries, oneOfEach, tooDeep } from "../inspections.ts"
import { group, mounted } from "./words.ts"

const numbered = (count: number, name: (at: number) => string) => Array.from({ length: count }, (_, at) => name(at + 1))

/** Names that would move a cursor, colour a line, ring, or turn it round (U+202E), as bash writes and as it is shown. */
const evil = {
  shell: String.raw`$'\e[31mred\e[0m\a\r\n\xe2\x80\xaegnp'`,
  shown: String.raw`\x1b[31mred\x1b[0m\x07\x0d\x0a\xe2\x80\xaegnp`,
}
/** Disks that are made to be a burden, or to deceive. What ends a guest: test/integration/deadly-volumes.test.ts. */
export const hostile = group("hostile", [
  {
    name: "a million entries in one directory",
    disks: [{ name: "many", sizeMiB: 512 }],
    make: `
      mkfs.xfs -q $d1; mkdir /made/m; mount $d1 /made/m; mkdir /made/m/many
      perl -e 'chdir "/made/m/many" or die; open F, ">", "entry 0" or die; print F "x"; close F;
        for (1..999_999) { link "entry 0", "entry $_" or die "$_: $!" }'
      umount /made/m`,
    volumes: [mounted("many", "xfs", { inspect: manyEntries("many", 1_000_000) })],
  },
  {
    name: "directories in directories, 100 deep, with names of 255 bytes",
    disks: [{ name: "deep", sizeMiB: 32 }],
    make: `
      mkfs.ext4 -q -F $d1; mkdir /made/m; mount $d1 /made/m
      perl -e 'chdir "/made/m" or die; for (1..100) { $n = sprintf("%03d", $_) . "d" x 252; mkdir $n or die; chdir $n or die }
        open F, ">", "bottom" or die; print F "x"; close F'
      umount /made/m`,
    volumes: [mounted("deep", "ext4", { inspect: tooDeep(100) })],
  },
  {
    name: "disks of 16 TB, with ext4 and XFS",
    disks: ["e16", "x16"].map((name) => ({ name, sizeMiB: 15_258_789 })),
    make: `
      mkfs.ext4 -q -F -E lazy_itable_init=1,lazy_journal_init=1,nodiscard -J size=64 $d1; fill $d1
      mkfs.xfs -q -K -l size=64m $d2; fill $d2`,
    volumes: [mounted("e16", "ext4", { keeps: all }), mounted("x16", "xfs", { keeps: all })],
  },
  {
    name: "64 disks, one logical volume over all of them",
    disks: numbered(64, (at) => `s${at}`).map((name) => ({ name, sizeMiB: 8 })),
    make: `
      only_these_disks ${numbered(64, (at) => `\${d${at}}`).join(" ")}
      vgcreate -q -s 1M wide ${numbered(64, (at) => `\${d${at}}`).join(" ")}
      lvcreate -q -y -n all -l 100%FREE wide; ext4 /dev/wide/all`,
    volumes: [
      mounted("wide-all", "ext4", {
        on: [...numbered(64, (at) => `disk s${at}`).slice(-63), "lvm wide/all"],
        keeps: all,
      }),
    ],
  },
  {
    name: "200 logical volumes, each with a file system",
    disks: [{ name: "lots", sizeMiB: 512 }],
    make: `
      mkdir /made/t; echo one of many >/made/t/file
      truncate -s 2M /made/image; mke2fs -q -F -t ext4 -O ^has_journal -d /made/t /made/image
      vgcreate -q -s 1M many $d1
      for at in $(seq 200); do lvcreate -q -y -W n -n v$at -L 2M many; cat /made/image >/dev/many/v$at; done`,
    volumes: numbered(200, (at) => `many-v${at}`).map((path) => ({
      path,
      kind: "filesystem",
      filesystem: "ext4",
      state: "Available" as const,
      inspect: filesOf({ file: "one of many\n" }),
    })),
  },
  {
    name: "ext4 that asks for a panic at the first error: a directory damaged, the root damaged",
    disks: ["panic", "root"].map((name) => ({ name, sizeMiB: 32 })),
    make: `
      mkdir -p /made/t/sub; echo kept >/made/t/file; echo lost >/made/t/sub/file
      for disk in $d1 $d2; do mke2fs -q -F -t ext4 -b 1024 -e panic -d /made/t $disk; done
      dd if=/dev/urandom of=$d1 bs=1024 seek=$(debugfs -R 'bmap /sub 0' $d1 2>/dev/null) count=1 conv=notrunc status=none
      set -- $(debugfs -R 'imap <2>' $d2 2>/dev/null | grep -o '[0-9]*, offset 0x.*' | sed 's/, offset//')
      echo yyy | dd of=$d2 bs=1 seek=$(($1 * 1024 + $2 + 28)) count=3 conv=notrunc status=none`,
    volumes: [
      mounted("panic", "ext4", { inspect: damagedBeside({ file: "kept\n" }, "sub") }),
      { path: "root", kind: "filesystem", filesystem: "ext4", state: "Corrupt", reason: "VolumeCorrupt" },
    ],
  },
  {
    name: "names that would deceive a terminal: labels, partitions, arrays, files, a system",
    disks: [
      { name: "names", sizeMiB: 64 },
      { name: "array", sizeMiB: 32 },
    ],
    make: `
      sgdisk -n 1:0:+30M -n 2:0:0 -c 1:${evil.shell} $d1; blockdev --rereadpt $d1
      mkfs.ext4 -q -F \${d1}1 -L $'\\e[2J\\a\\r\\xe2\\x80\\xaegnp'
      mkdir /made/m; mount \${d1}1 /made/m; cd /made/m
      echo evil >${evil.shell}; mkdir etc
      printf 'PRETTY_NAME="%s"\\nVERSION_ID="%s"\\n' ${evil.shell} ${evil.shell} >etc/os-release
      printf '%s\\n' ${evil.shell} >etc/hostname
      printf 'LABEL=OTHER /%s ext4 ro 0 0\\n' $'\\e[5m\\xe2\\x80\\xae' >etc/fstab
      cd /; umount /made/m
      mkfs.ext4 -q -F -L OTHER \${d1}2
      mdadm -q -C /dev/md77 -R -l 1 -n 2 -e 1.0 -N $'\\e[31mx' $d2 missing; mkfs.ext4 -q -F /dev/md77; mdadm -q -S /dev/md77`,
    volumes: [
      mounted("names-p1", "ext4", { inspect: oneOfEach(evil.shown) }),
      mounted("names-p2", "ext4", { label: "OTHER", mountPoint: String.raw`/\x1b[5m\xe2\x80\xae` }),
      mounted(/^md-/, "ext4"),
    ],
  },
])
