import { all, ntfs } from "../keeping.ts"
import { type LdmGroup, ldmScript, type LdmVolumeSpec } from "../ldm-writer.ts"
import { dynamicDiskImages } from "../foreign-images.ts"
import { windowsDisks as windows } from "./windows-disks.ts"
import { group, mounted, unsupported } from "./words.ts"

const keeps = ntfs
const disks = (count: number, sizeMiB = 48) =>
  Array.from({ length: count }, (_, at) => ({ name: `w${at + 1}`, sizeMiB }))

/** Its record needs two slots. */
const mirror = `Mirror${"r".repeat(30)}`
const five: readonly LdmVolumeSpec[] = [
  { name: "Volume1", layout: "spanned", hint: "E:", parts: [{ disk: 1, mib: 14 }] },
  {
    name: "Volume2",
    layout: "spanned",
    hint: "F:",
    parts: [
      { disk: 2, mib: 6 },
      { disk: 1, mib: 4 },
      { disk: 2, mib: 5 },
    ],
  },
  { name: "Stripe1", layout: "striped", parts: [1, 2, 3].map((disk) => ({ disk, mib: 5 })) },
  { name: mirror, layout: "mirrored", hint: "H:", parts: [2, 3].map((disk) => ({ disk, mib: 14 })) },
  { name: "Raid1", layout: "raid5", hint: "I:", parts: [3, 1, 2].map((disk) => ({ disk, mib: 7 })) },
]

const simple: LdmVolumeSpec = { name: "Volume1", layout: "spanned", parts: [{ disk: 1, mib: 14 }] }
const half: LdmVolumeSpec = { name: "Volume1", layout: "mirrored", parts: [1, 2].map((disk) => ({ disk, mib: 14 })) }

type More = Partial<Pick<LdmGroup, "node" | "sequence">> & { readonly sizeMiB?: number }
const shop = (tables: readonly ("mbr" | "gpt")[], volumes = five, { sizeMiB = 48, ...more }: More = {}): LdmGroup => ({
  name: "SHOP-Dg0",
  node: "525400000001",
  sequence: 41,
  disks: tables.map((table, at) => ({ name: `Disk${at + 1}`, sizeMiB, table })),
  volumes,
  ...more,
})

/** NTFS with the tree on volumes of the disks, through devices that libldm makes of the database: it reads it, too. */
const fill = (places: readonly number[], volumes: readonly LdmVolumeSpec[]) => `
  modprobe -a dm-mod dm-raid raid456
  devices="${places.map((place) => `-d $d${place}`).join(" ")}"
  ldmtool $devices create all
  for volume in ${volumes.map(({ name }) => name).join(" ")}; do
    mkntfs -q -F -f -L \${volume:0:7} /dev/mapper/ldm_vol_SHOP-Dg0_$volume 2>/dev/null
    mkdir -p /made/n; ntfs-3g /dev/mapper/ldm_vol_SHOP-Dg0_$volume /made/n
    put plain /made/n
    umount /made/n
  done
  ldmtool $devices remove all
`

const volume = (name: string, layout: string, on: readonly string[], missing = "") =>
  mounted(`SHOP-Dg0-${name}`, "ntfs", {
    label: name.slice(0, 7),
    on: [...on, `${layout} SHOP-Dg0/${name}${missing}`],
    keeps,
  })

/** One of the five, with the drive letter that the database has kept. */
const ofFive = (name: string, layout: string, on: readonly string[], missing?: string) => {
  const hint = five.find((volume) => volume.name === name)?.hint
  return { ...volume(name, layout, on, missing), ...(hint === undefined ? {} : { mountPoint: hint }) }
}

const incomplete = (path: string, says: RegExp) =>
  ({ path, kind: "dynamic", state: "Incomplete", reason: "VolumeIncomplete", says }) as const

const reserved = (path: string) => unsupported(path, "unknown", /reserved/)

/** Windows' dynamic disks: databases of our own writing, which libldm reads first. */
const written = group("dynamic disks", [
  {
    name: "MBR: simple, spanned, striped, mirrored, RAID-5 on three disks",
    disks: disks(3),
    make: ldmScript(shop(["mbr", "mbr", "mbr"])) + fill([1, 2, 3], five),
    volumes: [
      ofFive("Volume1", "simple", ["disk w1"]),
      ofFive("Volume2", "spanned", ["disk w1", "disk w2"]),
      ofFive("Stripe1", "striped", ["disk w1", "disk w2", "disk w3"]),
      ofFive(mirror, "mirrored", ["disk w2"]),
      ofFive("Raid1", "RAID-5", ["disk w1", "disk w2", "disk w3"]),
    ],
  },
  {
    name: "GPT and MBR mixed, a basic partition beside, one disk lost",
    disks: disks(3),
    make: `${ldmScript(shop(["mbr", "gpt", "gpt"]))}${fill([1, 2, 3], five)}
      mkfs.vfat -n ESP \${d3}2 >/dev/null`,
    without: ["w2"],
    volumes: [
      ofFive("Volume1", "simple", ["disk w1"]),
      incomplete(
        "SHOP-Dg0-Volume2",
        /^The spanned volume has parts on disks of the group SHOP-Dg0 that are missing: Disk2\.$/,
      ),
      incomplete("SHOP-Dg0-Stripe1", /striped .* missing: Disk2/),
      ofFive(mirror, "mirrored", ["disk w3", "gpt partition 3"], ", missing Disk2"),
      ofFive("Raid1", "RAID-5", ["disk w1", "disk w3", "gpt partition 3"], ", missing Disk2"),
      mounted("w3-p2", "vfat", { label: "ESP", on: ["disk w3", "gpt partition 2"] }),
    ],
  },
  {
    name: "half of a mirror was away when the other half was written to",
    disks: disks(2),
    make: `${ldmScript(shop(["mbr", "mbr"], [half]))}${fill([1, 2], [half])}
      echo "0 28672 linear $d2 ${63 + 65}" | dmsetup create half
      mkdir -p /made/n; ntfs-3g /dev/mapper/half /made/n; echo later >/made/n/later; umount /made/n; dmsetup remove half
      ${ldmScript(shop(["mbr", "mbr"], [half], { sequence: 42 }), [2])}`,
    volumes: [{ ...volume("Volume1", "mirrored", ["disk w2"]), also: { later: "later\n" } }],
  },
  {
    name: "a byte clone, and another machine whose group has the same name",
    disks: disks(3, 24),
    make: `
      ${ldmScript(shop(["mbr"], [simple], { sizeMiB: 24 }), [1])}
      ${ldmScript(shop(["mbr", "mbr", "mbr"], [{ ...simple, parts: [{ disk: 3, mib: 14 }] }], { sizeMiB: 24, node: "525400000002" }), [3])}
      ${fill([1], [simple])}${fill([3], [simple])}
      dd if=$d1 of=$d2 bs=1M conv=sparse status=none`,
    volumes: ["w1", "w2", "w3"].map((disk, at) => ({
      ...volume("Volume1", "simple", [`disk ${disk}`]),
      path: `SHOP-Dg0-Volume1${at > 0 ? `~${at + 1}` : ""}`,
    })),
  },
  {
    name: "a database that is overwritten, one that was being changed, none of a basic disk any more",
    disks: disks(3, 24),
    make: `
      ${ldmScript(shop(["mbr", "gpt", "mbr"], [], { sizeMiB: 24 }))}
      dd if=/dev/urandom of=$d1 bs=512 seek=$((24 * 2048 - 2048 + 17)) count=30 conv=notrunc status=none
      printf '\\0\\2' | dd of=$d2 bs=1 seek=$(((34 + 17) * 512 + 16)) conv=notrunc status=none
      printf 'label: dos\\n1: start=2048, type=83' | sfdisk -q $d3; ext4 \${d3}1`,
    volumes: [
      unsupported("w1", "partitions", /^Windows dynamic disk, but its database is not where its header says\.$/),
      unsupported("w2-p1", "partitions", /^Windows dynamic disk, but its database was being changed\.$/),
      unsupported("w2-p2", "unknown", /No file system/),
      mounted("w3-p1", "ext4", { keeps: all }),
    ],
  },
])

const names2003 = ["simple-1", "spanned-1", "spanned-2", "striped-1", "striped-2", "mirrored-1", "mirrored-2"]
const names2008 = ["spanned-1", "spanned-2", "striped-1", "striped-2", "mirrored-1", "mirrored-2"]
const raid = ["raid5-1", "raid5-2", "raid5-3"]
const all2003 = [...names2003, ...raid]
const all2008 = [...names2008, ...raid]
const images = (names: readonly string[]) => names.map((name) => ({ name, sizeMiB: 50 }))

const read = (path: string) =>
  mounted(path, "ntfs", {
    keeps: { ...keeps, drops: /[^]/ },
    also: { "test.txt": "Filesystem test" },
    besides: /^System Volume Information/,
  })

const made = group("dynamic disks of Windows", [
  {
    name: "Server 2003 R2, MBR",
    disks: images(all2003),
    fetch: dynamicDiskImages.fetch,
    make: windows("2003r2", all2003),
    volumes: ["Volume1", "Volume2", "Volume3", "Volume4", "Stripe1", "Raid1"].map((name) =>
      read(`Red-nzv8x6obywgDg0-${name}`),
    ),
  },
  {
    name: "Server 2008 R2, MBR and GPT",
    disks: images(all2008),
    fetch: dynamicDiskImages.fetch,
    make: windows("2008r2", all2008),
    volumes: [
      ...[1, 2, 3, 4, 5].map((number) => read(`WIN-ERRDJSBDAVF-Dg0-Volume${number}`)),
      ...["spanned-2", "striped-2", "mirrored-2", "raid5-2", "raid5-3"].map((name) => reserved(`${name}-p2`)),
    ],
  },
  {
    name: "Server 2008 R2, four disks lost",
    disks: images(all2008),
    fetch: dynamicDiskImages.fetch,
    make: windows("2008r2", all2008),
    without: ["spanned-2", "striped-1", "mirrored-1", "raid5-2"],
    volumes: [
      incomplete("WIN-ERRDJSBDAVF-Dg0-Volume1", /spanned .* missing: Disk2\.$/),
      incomplete("WIN-ERRDJSBDAVF-Dg0-Volume2", /striped .* missing: Disk3\.$/),
      read("WIN-ERRDJSBDAVF-Dg0-Volume3"),
      read("WIN-ERRDJSBDAVF-Dg0-Volume4"),
      incomplete("WIN-ERRDJSBDAVF-Dg0-Volume5", /spanned .* missing: Disk3, Disk5\.$/),
      ...["striped-2", "mirrored-2", "raid5-3"].map((name) => reserved(`${name}-p2`)),
    ],
  },
])

/** Windows' dynamic disks. */
export const dynamic = [...written, ...made]
