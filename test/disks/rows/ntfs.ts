import { dynamicDiskImages } from "../foreign-images.ts"
import { ntfs as keeps } from "../keeping.ts"
import { windowsVolume } from "./windows-disks.ts"
import { group, mounted } from "./words.ts"

const disk = [{ name: "d", sizeMiB: 64 }]

/** An NTFS with the tree on $d1's partition, mounted at /made/n. */
const made = `
  sfdisk -q $d1 <<<'label: dos
    type=7'
  mkntfs -q -f -L DATEN \${d1}1
  mkdir -p /made/n; ntfs-3g -o streams_interface=windows \${d1}1 /made/n
  put plain /made/n
`

/** Owner and group are the administrators; everyone may read. */
const descriptor = [
  "010004801400000024000000000000003400000001020000000000052000000020020000",
  "0102000000000005200000002002000002001c000100000000001400a9001200010100000000000100000000",
].join("")

/** What Windows stores for a link (MS-FSCC 2.1.2.4, 2.1.2.5): where it leads, and how people are told. */
function reparse(kind: "symlink" | "junction", target: string): string {
  const names = [kind === "junction" ? `\\??\\${target}` : target, target].map((name) => Buffer.from(name, "utf16le"))
  const [substitute, print] = names as [Buffer, Buffer]
  const fixed = Buffer.alloc(kind === "symlink" ? 20 : 16)
  fixed.writeUInt32LE(kind === "symlink" ? 0xa000000c : 0xa0000003, 0)
  fixed.writeUInt16LE(fixed.length - 8 + substitute.length + print.length + 4, 4)
  fixed.writeUInt16LE(substitute.length, 10)
  fixed.writeUInt16LE(substitute.length + 2, 12)
  fixed.writeUInt16LE(print.length, 14)
  if (kind === "symlink") fixed.writeUInt32LE(1, 16)
  const end = Buffer.alloc(2)
  return Buffer.concat([fixed, substitute, end, print, end]).toString("hex")
}

const setLink = (name: string, kind: "symlink" | "junction", target: string) =>
  `${kind === "symlink" ? "touch" : "mkdir"} /made/n/${name}
  setfattr -n system.ntfs_reparse_data -v 0x${reparse(kind, target)} /made/n/${name}`

/** The first sector of the partition; in it, of the volume's journal and of its file 29 (test.txt). */
const [first, journal, file29] = [2048, 27_973, 32_085 + 2 * 29]
/** In a restart page: what its client began last, and before; the flag that says it is clean. */
const [oldest, clean] = [0x70, 0x3e]

/** What Windows' journal says of the sizes of a file is undone, and the journal counts as not yet carried out. */
const crashed = {
  fetch: dynamicDiskImages.fetch,
  disks: disk,
  make: `
      sfdisk -q $d1 <<<'label: dos
        type=7'
      ${windowsVolume("${d1}1")}
      patch() { printf "$1" | dd of=$d1 bs=1 seek=$2 conv=notrunc status=none; }
      patch '\\0\\0\\0\\0\\0\\0\\0\\0' ${(first + file29) * 512 + 8}
      patch '\\0\\0' ${(first + file29) * 512 + 0x138}
      patch '\\0\\0' ${(first + file29) * 512 + 0x140}
      for page in ${(first + journal) * 512} ${(first + journal) * 512 + 4096}; do
        patch '\\x2f\\x22\\x10\\0\\0\\0\\0\\0\\x2f\\x22\\x10' $((page + ${oldest}))
        patch '\\0' $((page + ${clean}))
      done
      modprobe -a ntfs3 nls_utf8; mkdir -p /made/n
      mount -t ntfs3 -o ro \${d1}1 /made/n; [ ! -s /made/n/test.txt ]; umount /made/n`,
}

/** NTFS as Windows leaves it. */
export const ntfs = group("NTFS", [
  {
    name: "security descriptors, flags, symbolic links, junctions",
    disks: disk,
    make: `${made}
      setfattr -n system.ntfs_acl -v 0x${descriptor} /made/n/README.TXT
      setfattr -n system.ntfs_attrib_be -v 0x00000006 /made/n/nothing
      ${setLink("link", "symlink", "Ordner größe\\ leading blank")}
      ${setLink("out", "symlink", "..\\..\\..\\etc\\passwd")}
      ${setLink("junction", "junction", "C:\\Users")}
      umount /made/n`,
    volumes: [
      mounted("d-p1", "ntfs", {
        keeps,
        links: { link: "Ordner größe/ leading blank", out: "../../../etc/passwd", junction: "./Users" },
        xattrs: { "README.TXT": { "system.ntfs_security": descriptor }, nothing: { "system.ntfs_attrib": "06000000" } },
      }),
    ],
  },
  {
    // the flag of $Volume (file 3), behind the version of NTFS, 3.1
    name: "marked dirty",
    disks: disk,
    make: `${made}
      umount /made/n
      record=$((2048 * 512 + 4 * 4096 + 3 * 1024))
      at=$(dd if=$d1 bs=1 skip=$record count=1024 status=none | grep -abo -P '\\0{8}\\x03\\x01\\0\\0' | head -n 1 | cut -d: -f1)
      printf '\\x01' | dd of=$d1 bs=1 seek=$((record + at + 10)) conv=notrunc status=none`,
    volumes: [mounted("d-p1", "ntfs", { keeps, says: /^Windows has marked it to be checked/ })],
  },
  {
    name: "hibernated",
    disks: disk,
    make: `${made}
      { printf hibr; head -c 100000 /dev/zero; } >/made/n/hiberfil.sys; umount /made/n`,
    volumes: [mounted("d-p1", "ntfs", { keeps, besides: /^hiberfil\.sys$/, says: /^Windows was hibernated/ })],
  },
  ...(["Replay", "Skip"] as const).map((journal) => ({
    ...crashed,
    name: `Windows' journal not replayed, ${journal}`,
    journal,
    volumes: [
      mounted("d-p1", "ntfs", {
        label: "Simple",
        keeps: { ...keeps, drops: /[^]/ },
        also: { "test.txt": journal === "Replay" ? "Filesystem test" : "" },
        besides: /^System Volume Information/,
        ...(journal === "Skip" && { journal: "Skipped" as const }),
      }),
    ],
  })),
  {
    name: "its MFT overwritten",
    disks: disk,
    make: `${made}
      umount /made/n; dd if=/dev/urandom of=\${d1}1 bs=4096 seek=4 count=8 conv=notrunc status=none`,
    volumes: [
      {
        path: "d-p1",
        kind: "filesystem",
        filesystem: "ntfs",
        state: "Corrupt",
        reason: "VolumeCorrupt",
        says: /ntfs3/,
      },
    ],
  },
])
